// Integers: BPF's arithmetic is 64-bit and wraps, as the language's does. Signed division exists
// only in newer kernels, so it is made from the unsigned one.
#include <cstdlib>
#include <utility>

#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;

namespace {

// The jump that is taken when `compare` holds.
Jump jump_for(ir::Compare compare) {
  switch (compare) {
    case ir::Compare::eq:
      return Jump::eq;
    case ir::Compare::ne:
      return Jump::ne;
    case ir::Compare::lt:
      return Jump::slt;
    case ir::Compare::le:
      return Jump::sle;
    case ir::Compare::gt:
      return Jump::sgt;
    case ir::Compare::ge:
      return Jump::sge;
    case ir::Compare::ult:
      return Jump::ult;
  }
  return Jump::eq;
}

}  // namespace

bool Selector::select_integer(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::mov:
      select_move(instr);
      return true;
    case Op::neg: {
      Reg value = copy_of(instr.args[0]);
      emit_.negate(value);
      set(instr.dst[0], value);
      return true;
    }
    case Op::bit_not: {
      Reg value = copy_of(instr.args[0]);
      emit_.alu_imm(Alu::bit_xor, value, -1);
      set(instr.dst[0], value);
      return true;
    }
    case Op::add:
      select_binary(instr, Alu::add);
      return true;
    case Op::sub:
      select_binary(instr, Alu::sub);
      return true;
    case Op::mul:
      select_binary(instr, Alu::mul);
      return true;
    case Op::bit_and:
      select_binary(instr, Alu::bit_and);
      return true;
    case Op::bit_or:
      select_binary(instr, Alu::bit_or);
      return true;
    case Op::bit_xor:
      select_binary(instr, Alu::bit_xor);
      return true;
    case Op::shl:
      select_shift(instr, Alu::shl);
      return true;
    case Op::shr:
      select_shift(instr, Alu::shr);
      return true;
    case Op::sar:
      select_shift(instr, Alu::sar);
      return true;
    case Op::div:
      select_divide(instr, Alu::div);
      return true;
    case Op::mod:
      select_divide(instr, Alu::mod);
      return true;
    case Op::set:
      select_set(instr);
      return true;
    case Op::extend:
      select_extend(instr);
      return true;
    default:
      return false;
  }
}

void Selector::select_move(const ir::Instr& instr) {
  if (instr.args[0].kind == ir::Operand::Kind::imm)
    set_imm(instr.dst[0], instr.args[0].value);
  else
    set(instr.dst[0], use(instr.args[0]));
}

void Selector::select_binary(const ir::Instr& instr, Alu op) {
  Reg value = copy_of(instr.args[0]);
  if (is_imm32(instr.args[1]))
    emit_.alu_imm(op, value, static_cast<int32_t>(instr.args[1].value));
  else
    emit_.alu(op, value, use(instr.args[1]));
  set(instr.dst[0], value);
}

void Selector::select_shift(const ir::Instr& instr, Alu op) {
  Reg value = copy_of(instr.args[0]);
  if (instr.args[1].kind == ir::Operand::Kind::imm) {
    emit_.alu_imm(op, value, static_cast<int32_t>(instr.args[1].value & 63));
  } else {
    Reg count = copy_of(instr.args[1]);
    emit_.alu_imm(Alu::bit_and, count, 63);
    emit_.alu(op, value, count);
  }
  set(instr.dst[0], value);
}

// |a| op |b|, with the sign put back: of a for the remainder, of a xor b for the quotient.
void Selector::select_divide(const ir::Instr& instr, Alu op) {
  Reg value = copy_of(instr.args[0]);
  Reg divisor = copy_of(instr.args[1]);
  Reg sign = emit_.make_reg();
  Label positive = emit_.make_label(), divisor_positive = emit_.make_label();
  emit_.move(sign, value);
  if (op == Alu::div) emit_.alu(Alu::bit_xor, sign, divisor);
  emit_.jump_if_imm(Jump::sge, value, 0, positive);
  emit_.negate(value);
  emit_.label(positive);
  emit_.jump_if_imm(Jump::sge, divisor, 0, divisor_positive);
  emit_.negate(divisor);
  emit_.label(divisor_positive);
  emit_.alu(op, value, divisor);
  Label no_sign = emit_.make_label();
  emit_.jump_if_imm(Jump::sge, sign, 0, no_sign);
  emit_.negate(value);
  emit_.label(no_sign);
  set(instr.dst[0], value);
}

void Selector::jump_on(const ir::Instr& instr, Label target) {
  Jump op = jump_for(static_cast<ir::Compare>(instr.sub));
  Reg left = use(instr.args[0]);
  if (is_imm32(instr.args[1]))
    emit_.jump_if_imm(op, left, static_cast<int32_t>(instr.args[1].value), target);
  else
    emit_.jump_if(op, left, use(instr.args[1]), target);
}

void Selector::select_set(const ir::Instr& instr) {
  Reg result = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.move_imm(result, 1);
  jump_on(instr, end);
  emit_.move_imm(result, 0);
  emit_.label(end);
  set(instr.dst[0], result);
}

void Selector::select_extend(const ir::Instr& instr) {
  Reg value = copy_of(instr.args[0]);
  int shift = 64 - std::abs(instr.sub);
  emit_.alu_imm(Alu::shl, value, shift);
  emit_.alu_imm(instr.sub < 0 ? Alu::sar : Alu::shr, value, shift);
  set(instr.dst[0], value);
}

}  // namespace stapd::bpf
