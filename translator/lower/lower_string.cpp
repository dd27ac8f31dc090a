#include <algorithm>

#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Op;
using sem::Expr;

FunctionLowering::Operand FunctionLowering::string(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::string:
      return image_.literal(expr.text);
    case Expr::Kind::local:
      return locals_[expr.index];
    case Expr::Kind::global:
    case Expr::Kind::element:
      return read_string(expr);
    case Expr::Kind::assign:
      return assign(expr);
    case Expr::Kind::update:
      return update(expr);
    case Expr::Kind::call:
      return call(expr);
    case Expr::Kind::builtin:
      return builtin(expr);
    default:
      break;
  }
  Operand slot = build_.make_slot(std::max(expr.capacity, 8u));
  string_into(slot, expr);
  return slot;
}

// `slot` holds nothing that `expr` reads.
void FunctionLowering::string_into(Operand slot, const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::concat:
    case Expr::Kind::print:
      build_.append(Op::str_copy, {slot}, {image_.literal("")});
      return append(slot, expr);
    case Expr::Kind::conditional: {
      uint32_t yes = build_.make_block(), no = build_.make_block(), end = build_.make_block();
      condition(*expr.args[0], yes, no);
      for (int i = 0; i < 2; ++i) {
        build_.set_block(i == 0 ? yes : no);
        string_into(slot, *expr.args[1 + i]);
        build_.jump(end);
      }
      build_.set_block(end);
      return;
    }
    case Expr::Kind::load_string: {
      Operand address = integer(*expr.args[0]), status = build_.make_reg();
      build_.append(Op::load_string, {slot, status},
                    {address, Operand::imm(function_.slots[slot.value])},
                    static_cast<uint32_t>(expr.space));
      uint32_t fault = build_.make_block(), go_on = build_.make_block();
      build_.branch(ir::Compare::ne, status, Operand::imm(0), fault, go_on);
      build_.set_block(fault);
      raise_fault(expr, expr.space, expr.text, address);
      build_.set_block(go_on);
      return;
    }
    default:
      return copy_string(slot, string(expr));
  }
}

void FunctionLowering::copy_string(Operand slot, Operand from) {
  if (from != slot) build_.append(Op::str_copy, {slot}, {from});
}

void FunctionLowering::append(Operand slot, const Expr& expr) {
  if (expr.kind == Expr::Kind::concat) {
    for (const Expr* part : expr.args) append(slot, *part);
  } else if (expr.kind == Expr::Kind::print) {
    append_print(slot, expr);
  } else {
    build_.append(Op::str_append, {slot}, {slot, string(expr)});
  }
}

}  // namespace stapd
