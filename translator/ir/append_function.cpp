#include "translator/ir/append_function.h"

namespace stapd {

using ir::Op;
using ir::Operand;

namespace {

ir::Instr renamed(ir::Instr instr, const Offsets& offsets) {
  for (Operand& operand : instr.dst) operand = renamed(operand, offsets);
  for (Operand& operand : instr.args) operand = renamed(operand, offsets);
  for (uint32_t& target : instr.target)
    if (target != ir::kNoBlock) target += offsets.first_block;
  if (instr.op == Op::iter_open || instr.op == Op::iter_next || instr.op == Op::iter_close)
    instr.sub = static_cast<int8_t>(instr.sub + static_cast<int>(offsets.iterations));
  return instr;
}

}  // namespace

Offsets reserve_variables(ir::Function& to, const ir::Function& from) {
  Offsets offsets{
      to.registers, static_cast<uint32_t>(to.slots.size()), static_cast<uint32_t>(to.stats.size()),
      static_cast<uint32_t>(to.iterations.size()), static_cast<uint32_t>(to.blocks.size())};
  auto append = [](auto& all, const auto& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  to.registers += from.registers;
  append(to.slots, from.slots);
  append(to.stats, from.stats);
  append(to.iterations, from.iterations);
  return offsets;
}

void append_blocks(ir::Function& to, const ir::Function& from, const Offsets& offsets) {
  for (const ir::Block& block : from.blocks) {
    ir::Block copied;
    for (const ir::Instr& instr : block.code) copied.code.push_back(renamed(instr, offsets));
    to.blocks.push_back(std::move(copied));
  }
}

Operand renamed(Operand operand, const Offsets& offsets) {
  switch (operand.kind) {
    case Operand::Kind::reg:
      operand.value += offsets.registers;
      break;
    case Operand::Kind::slot:
      operand.value += offsets.slots;
      break;
    case Operand::Kind::stat:
      operand.value += offsets.stats;
      break;
    default:
      break;
  }
  return operand;
}

}  // namespace stapd
