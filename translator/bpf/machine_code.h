// BPF instructions over virtual registers: what instruction selection writes, what register
// allocation works on, and what encode() turns into bytes.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/image/program_image.h"

namespace stapd::bpf {

// 0 to 10 are the machine's registers; from kFirstVirtual on they are virtual.
using Reg = uint32_t;
constexpr Reg R0 = 0, R1 = 1, R2 = 2, R3 = 3, R4 = 4, R5 = 5, R6 = 6, R7 = 7, R8 = 8, R9 = 9;
constexpr Reg kFramePointer = 10;
constexpr Reg kFirstVirtual = 16;
constexpr bool is_virtual(Reg reg) { return reg >= kFirstVirtual; }

using Label = uint32_t;
constexpr Label kNoLabel = 0xffffffff;

// Pseudo instructions, in opcodes of the ALU64 class that BPF does not have.
constexpr uint8_t kLabelCode = 0xe7;  // here is `label`; vanishes when encoded
constexpr uint8_t kSubAddress =
    0xef;  // dst = address of subprogram `imm`, for bpf_loop and the like
// dst = dst or `imm`, whichever is less, unsigned. One instruction until it is encoded, so that the
// verifier keeps what it learns when dst is spilled: Linux 6.1 forgets what a comparison of a copy
// says of the stack slot that it was loaded from.
constexpr uint8_t kAtMost = 0xf7;
constexpr uint8_t kLoadImm64 = BPF_LD | BPF_IMM | BPF_DW;  // two slots when encoded

struct Insn {
  uint8_t code = 0;
  Reg dst = 0, src = 0;
  int16_t off = 0;
  int64_t imm = 0;
  Label label = kNoLabel;                // of a jump: where to; of kLabelCode: itself
  std::optional<Relocation> relocation;  // `insn` is filled in when encoded
  uint8_t call_arguments = 0;            // of a call: r1 up to this one are read
  bool call_subprogram = false;          // of a call: imm is a subprogram's index
  uint32_t where = 0;
};

// One program or subprogram. Falls through nowhere: the last instruction is an exit or a jump.
struct Function {
  std::string name;
  std::vector<Insn> code;
  Reg next_virtual = kFirstVirtual;
  Label next_label = 0;
  uint32_t stack_bytes = 0;  // from r10 downward, a multiple of 8; grows by spilling
};

inline bool is_jump_class(uint8_t code) {
  return BPF_CLASS(code) == BPF_JMP || BPF_CLASS(code) == BPF_JMP32;
}
inline bool is_label(const Insn& insn) { return insn.code == kLabelCode; }
inline bool is_call(const Insn& insn) { return insn.code == (BPF_JMP | BPF_CALL); }
inline bool is_exit(const Insn& insn) { return insn.code == (BPF_JMP | BPF_EXIT); }
inline bool is_jump(const Insn& insn) {
  return is_jump_class(insn.code) && !is_call(insn) && !is_exit(insn);
}
inline bool is_always(const Insn& insn) { return insn.code == (BPF_JMP | BPF_JA); }
inline bool is_move(const Insn& insn) { return insn.code == (BPF_ALU64 | BPF_MOV | BPF_X); }
inline bool is_atomic(const Insn& insn) {
  return BPF_CLASS(insn.code) == BPF_STX && BPF_MODE(insn.code) == BPF_ATOMIC;
}

// Registers that an instruction reads and writes, calls with their clobbers.
struct Effects {
  Reg reads[6];
  int read_count = 0;
  Reg writes[6];
  int write_count = 0;

  void read(Reg reg) { reads[read_count++] = reg; }
  void write(Reg reg) { writes[write_count++] = reg; }
};
Effects effects_of(const Insn& insn);

}  // namespace stapd::bpf
