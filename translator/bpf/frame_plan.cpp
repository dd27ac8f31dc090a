#include "translator/bpf/frame_plan.h"

#include <algorithm>

#include "runtime/image/map_layout.h"

namespace stapd::bpf {
namespace {

// What is left for spills when a frame is on the stack: kStackLimit - this.
constexpr uint32_t kStackFrameLimit = 256;
// Offsets in instructions are signed 16 bits.
constexpr uint32_t kScratchFrameLimit = 30000;

using ir::Op;

// Operations whose result is always zero padded to the whole capacity.
bool writes_padded(Op op) {
  return op == Op::context_string || op == Op::str_copy || op == Op::global_load_string ||
         op == Op::array_load_string || op == Op::iter_next;
}

class Planner {
 public:
  Planner(const ir::Function& function, const ProgramImage& image)
      : function_(function), image_(image) {}

  Result<FramePlan> run(const std::vector<bool>& in_memory) {
    choose_forms();
    for (const ir::Block& block : function_.blocks)
      for (const ir::Instr& instr : block.code) {
        measure_temp(instr);
        measure_match(instr);
      }
    bool any_memory = std::find(in_memory.begin(), in_memory.end(), true) != in_memory.end();
    bool any_long = std::any_of(plan_.slots.begin(), plan_.slots.end(),
                                [](const SlotPlace& slot) { return !slot.is_short; });
    uint32_t small = plan_.temp_size;
    for (const SlotPlace& slot : plan_.slots) small += slot_bytes(slot);
    plan_.on_stack = !any_memory && plan_.match_capacity == 0 && !any_long &&
                     function_.stats.empty() && small <= kStackFrameLimit;
    place(in_memory);
    if (!plan_.on_stack && plan_.size > kScratchFrameLimit)
      return failf(ErrorCode::limit,
                   "{}: needs {} bytes for its strings and keys, {} are to be had", function_.name,
                   plan_.size, kScratchFrameLimit);
    place_stack();
    return plan_;
  }

 private:
  void choose_forms() {
    for (uint32_t capacity : function_.slots)
      plan_.slots.push_back({is_short_string(capacity), capacity, 0});
    for (const ir::Block& block : function_.blocks)
      for (const ir::Instr& instr : block.code) {
        bool reads_bytes = instr.op == Op::str_byte || instr.op == Op::str_slice;
        for (const ir::Operand& operand : instr.dst)
          if (operand.kind == ir::Operand::Kind::slot && !writes_padded(instr.op))
            plan_.slots[operand.value].is_short = false;
        if (reads_bytes)
          for (const ir::Operand& operand : instr.args)
            if (operand.kind == ir::Operand::Kind::slot)
              plan_.slots[operand.value].is_short = false;
      }
  }

  // Room for a key, and behind it for the value of a new element.
  void measure_temp(const ir::Instr& instr) {
    if (instr.op == Op::load) plan_.temp_size = std::max(plan_.temp_size, 8u);
    bool array_op =
        (instr.op >= Op::array_load && instr.op <= Op::stat_read) || instr.op == Op::iter_open;
    if (!array_op) return;
    const GlobalSpec& global = image_.globals[instr.aux];
    if (!global.is_array) return;
    uint32_t value = global.kind == ValueKind::statistic ? 0 : value_size(global);
    plan_.temp_size = std::max(plan_.temp_size, round_up_8(global.key_size) + value);
  }

  // Room for the longest string that is matched with its groups, in the long form.
  void measure_match(const ir::Instr& instr) {
    const bool reads = instr.op == Op::regex_groups || instr.op == Op::regex_group;
    if (!reads && instr.op != Op::regex_match) return;
    uint32_t capacity = kShortCapacity + 1;
    for (const ir::Operand& text : instr.args) {
      if (text.kind == ir::Operand::Kind::slot) capacity = function_.slots[text.value];
      if (text.kind == ir::Operand::Kind::literal)
        capacity = static_cast<uint32_t>(image_.literals[text.value].size() + 1);
    }
    plan_.match_capacity = std::max({plan_.match_capacity, capacity, kShortCapacity + 1});
  }

  void place(const std::vector<bool>& in_memory) {
    uint32_t next = plan_.on_stack ? 0 : kScratchHeaderSize;
    auto take = [&](uint32_t bytes) {
      uint32_t at = next;
      next += round_up_8(bytes);
      return static_cast<int32_t>(at);
    };
    plan_.memory_regs.assign(function_.registers, FramePlan::kInRegister);
    for (uint32_t reg = 0; reg < function_.registers; ++reg)
      if (in_memory[reg]) plan_.memory_regs[reg] = take(8);
    for (SlotPlace& slot : plan_.slots) slot.offset = take(slot_bytes(slot));
    for (uint32_t global : function_.stats)
      plan_.stats.push_back(take(stat_value_size(image_.globals[global].statistic)));
    for (size_t i = 0; i < function_.iterations.size(); ++i) plan_.iterations.push_back(take(8));
    if (plan_.match_capacity > 0)
      plan_.match = take(sizeof(MatchArea) + long_string_bytes(plan_.match_capacity));
    plan_.temp = take(plan_.temp_size);
    plan_.size = next;
    if (!plan_.on_stack) return;
    // From r10 downward.
    for (SlotPlace& slot : plan_.slots) slot.offset -= static_cast<int32_t>(next);
    plan_.temp -= static_cast<int32_t>(next);
  }

  // As many frames of the largest size as MAXNESTING allows.
  void place_stack() {
    uint32_t largest = 0;
    for (const ir::Block& block : function_.blocks)
      for (const ir::Instr& instr : block.code)
        if (instr.op == Op::stack_push)
          largest = std::max(largest, stack_frame_size(instr.args, plan_));
    plan_.stack_area = plan_.size;
    plan_.stack_size = largest * (image_.limits.max_nesting + 1);
    plan_.size += plan_.stack_size;
  }

  const ir::Function& function_;
  const ProgramImage& image_;
  FramePlan plan_;
};

}  // namespace

uint32_t slot_bytes(const SlotPlace& slot) {
  return slot.is_short ? round_up_8(slot.capacity) : long_string_bytes(slot.capacity);
}

uint32_t stack_frame_size(const std::vector<ir::Operand>& variables, const FramePlan& plan) {
  uint32_t size = kStackFrameEnd;
  for (const ir::Operand& variable : variables)
    size += variable.kind == ir::Operand::Kind::slot ? slot_bytes(plan.slots[variable.value]) : 8;
  return size;
}

Result<FramePlan> plan_frame(const ir::Function& function, const ProgramImage& image,
                             const std::vector<bool>& in_memory) {
  return Planner(function, image).run(in_memory);
}

}  // namespace stapd::bpf
