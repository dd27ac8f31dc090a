#include "translator/bpf/segments.h"

#include "translator/ir/liveness.h"

namespace stapd::bpf {
namespace {

using ir::Operand;

// Targets of edges that go back to a block on the current depth-first path.
class LoopHeads {
 public:
  explicit LoopHeads(const ir::Function& function)
      : function_(function), state_(function.blocks.size()) {}

  std::vector<bool> find() {
    std::vector<bool> heads(function_.blocks.size());
    heads[0] = true;
    struct Visit {
      uint32_t block;
      std::vector<uint32_t> next;
    };
    std::vector<Visit> path = {{0, ir::successors(function_.blocks[0])}};
    state_[0] = State::open;
    while (!path.empty()) {
      Visit& top = path.back();
      if (top.next.empty()) {
        state_[top.block] = State::closed;
        path.pop_back();
        continue;
      }
      uint32_t block = top.next.back();
      top.next.pop_back();
      if (state_[block] == State::open) heads[block] = true;
      if (state_[block] != State::unseen) continue;
      state_[block] = State::open;
      path.push_back({block, ir::successors(function_.blocks[block])});
    }
    return heads;
  }

 private:
  enum class State : uint8_t { unseen, open, closed };
  const ir::Function& function_;
  std::vector<State> state_;
};

constexpr uint32_t kUnassigned = SegmentPlan::kUnreachable;

// Gives every block the segment it is reached from; one that is reached from two begins its own.
// Returns false when a new head was found, and the work must be done again.
bool assign(const ir::Function& function, std::vector<bool>& is_head, SegmentPlan& plan) {
  plan.heads.clear();
  plan.head_segment.assign(function.blocks.size(), -1);
  for (uint32_t b = 0; b < function.blocks.size(); ++b)
    if (is_head[b]) {
      plan.head_segment[b] = static_cast<int32_t>(plan.heads.size());
      plan.heads.push_back(b);
    }
  plan.segment_of.assign(function.blocks.size(), kUnassigned);
  for (uint32_t segment = 0; segment < plan.heads.size(); ++segment) {
    std::vector<uint32_t> work = {plan.heads[segment]};
    while (!work.empty()) {
      uint32_t block = work.back();
      work.pop_back();
      if (plan.segment_of[block] == segment) continue;
      if (plan.segment_of[block] != kUnassigned) {
        is_head[block] = true;
        return false;
      }
      plan.segment_of[block] = segment;
      for (uint32_t next : ir::successors(function.blocks[block]))
        if (!is_head[next]) work.push_back(next);
    }
  }
  return true;
}

void find_crossing(const ir::Function& function, SegmentPlan& plan) {
  std::vector<uint32_t> seen(function.registers, kUnassigned);
  plan.crosses.assign(function.registers, false);
  auto note = [&](const Operand& operand, uint32_t segment) {
    if (operand.kind != Operand::Kind::reg) return;
    if (seen[operand.value] == kUnassigned)
      seen[operand.value] = segment;
    else if (seen[operand.value] != segment)
      plan.crosses[operand.value] = true;
  };
  for (uint32_t b = 0; b < function.blocks.size(); ++b) {
    if (plan.segment_of[b] == kUnassigned) continue;
    for (const ir::Instr& instr : function.blocks[b].code) {
      for (const Operand& operand : instr.args) note(operand, plan.segment_of[b]);
      for (const Operand& operand : instr.dst) note(operand, plan.segment_of[b]);
    }
  }
  for (const Operand& operand : function.params) note(operand, 0);
  // A value that goes round a loop lives in one segment only, but is read at its head before it is
  // written again.
  for (uint32_t reg : read_before_written(function)) plan.crosses[reg] = true;
}

}  // namespace

SegmentPlan plan_segments(const ir::Function& function) {
  SegmentPlan plan;
  std::vector<bool> is_head = LoopHeads(function).find();
  while (!assign(function, is_head, plan)) {
  }
  if (plan.has_loops())
    find_crossing(function, plan);
  else
    plan.crosses.assign(function.registers, false);
  return plan;
}

}  // namespace stapd::bpf
