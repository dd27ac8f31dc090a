#include "translator/ir/liveness.h"

#include <algorithm>

namespace stapd {

using ir::Operand;

Liveness::Liveness(const ir::Function& function)
    : function_(function),
      registers_(function.registers),
      slots_(function.slots.size()),
      variables_(registers_ + slots_ + function.stats.size()),
      in_(function.blocks.size(), std::vector<bool>(variables_)) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (uint32_t b = static_cast<uint32_t>(function.blocks.size()); b-- > 0;) {
      std::vector<bool> live = live_out(b);
      const auto& code = function.blocks[b].code;
      for (auto instr = code.rbegin(); instr != code.rend(); ++instr) step_backward(*instr, live);
      if (live == in_[b]) continue;
      in_[b] = std::move(live);
      changed = true;
    }
  }
}

int64_t Liveness::variable(const Operand& operand) const {
  switch (operand.kind) {
    case Operand::Kind::reg:
      return operand.value;
    case Operand::Kind::slot:
      return static_cast<int64_t>(registers_) + operand.value;
    case Operand::Kind::stat:
      return static_cast<int64_t>(registers_ + slots_) + operand.value;
    default:
      return -1;
  }
}

std::vector<bool> Liveness::live_out(uint32_t block) const {
  std::vector<bool> live(variables_);
  for (uint32_t next : ir::successors(function_.blocks[block]))
    for (size_t v = 0; v < variables_; ++v)
      if (in_[next][v]) live[v] = true;
  return live;
}

void Liveness::step_backward(const ir::Instr& instr, std::vector<bool>& live) const {
  for (size_t i = 0; i < instr.dst.size(); ++i) {
    // What comes behind the first result of iter_next stays as it is when there is no more.
    if (instr.op == ir::Op::iter_next && i > 0) break;
    if (int64_t v = variable(instr.dst[i]); v >= 0) live[static_cast<size_t>(v)] = false;
  }
  for (const Operand& operand : instr.args)
    if (int64_t v = variable(operand); v >= 0) live[static_cast<size_t>(v)] = true;
}

namespace {

std::vector<uint32_t> at_entry(const ir::Function& function, size_t first, size_t count,
                               Operand::Kind kind) {
  Liveness liveness(function);
  std::vector<uint32_t> result;
  for (size_t i = 0; i < count; ++i) {
    Operand operand{kind, static_cast<int64_t>(i)};
    bool is_param =
        std::find(function.params.begin(), function.params.end(), operand) != function.params.end();
    if (liveness.live_in(0)[first + i] && !is_param) result.push_back(static_cast<uint32_t>(i));
  }
  return result;
}

}  // namespace

std::vector<uint32_t> read_before_written(const ir::Function& function) {
  return at_entry(function, 0, function.registers, Operand::Kind::reg);
}

std::vector<uint32_t> slots_read_before_written(const ir::Function& function) {
  return at_entry(function, function.registers, function.slots.size(), Operand::Kind::slot);
}

}  // namespace stapd
