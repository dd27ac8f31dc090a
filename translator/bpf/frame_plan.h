// Where the memory of one handler lies: string slots, statistic slots, key buffers, registers that
// live across segments. Small plain frames are on the BPF stack, others in the scratch map.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd::bpf {

// The first bytes of a frame in the scratch map.
struct ScratchHeader {
  uint64_t busy;     // 1 while a handler owns the frame
  uint64_t segment;  // of a handler in segments: the one to run next
  uint64_t time;     // of this invocation's records; 0: not taken yet
  uint64_t actions;  // statements left
  uint64_t depth;    // activations of recursive functions
  uint64_t top;      // bytes of their frames on the stack behind everything else
  uint64_t reserved_[2];
};
constexpr uint32_t kScratchHeaderSize = sizeof(ScratchHeader);

struct SlotPlace {
  bool is_short = false;  // bytes without a length, zero padded (see map_layout.h)
  uint32_t capacity = 0;
  int32_t offset = 0;
};

// What the last =~ matched, and where a match that goes on is: at this offset in the frame. Behind
// it the text itself, as a long string.
struct MatchArea {
  uint64_t groups;    // of the last match; 0: it failed, or there was none
  uint64_t row;       // of the automaton
  uint64_t position;  // of the next byte
  uint64_t move;      // the next one to do, or 0
  uint16_t registers[kRegexRegisters];
};

struct FramePlan {
  bool on_stack = true;
  uint32_t size = 0;  // bytes; of a scratch frame with its header
  std::vector<SlotPlace> slots;
  std::vector<int32_t> stats;
  std::vector<int32_t> iterations;  // u64: while the area of a foreach is ours, the level that
                                    // took it plus one; else 0
  int32_t temp = 0;                 // buffer for a key and a new value
  uint32_t temp_size = 0;
  int32_t match = 0;            // MatchArea
  uint32_t match_capacity = 0;  // of its text; 0: there is none
  uint32_t stack_area = 0;      // offset of the stack of recursive functions
  uint32_t stack_size = 0;      // its bytes; 0: there is none
  std::vector<int32_t>
      memory_regs;  // offset of an IR register that lives in memory, or kInRegister
  static constexpr int32_t kInRegister = INT32_MIN;
};

// Behind what a stack_push saves: u64 where its callee goes on (Instr::aux), u64 bytes of the
// frame.
constexpr uint32_t kStackFrameEnd = 16;
// Bytes that stack_push takes for these variables.
uint32_t stack_frame_size(const std::vector<ir::Operand>& variables, const FramePlan& plan);
uint32_t slot_bytes(const SlotPlace& slot);

// `in_memory`: the IR registers that must not be in machine registers; any makes it a scratch
// frame.
Result<FramePlan> plan_frame(const ir::Function& function, const ProgramImage& image,
                             const std::vector<bool>& in_memory);

}  // namespace stapd::bpf
