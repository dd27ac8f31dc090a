#include "translator/elaborate/foreign_path.h"

#include <fmt/ranges.h>

#include "runtime/base/spelling.h"

namespace stapd {

using sem::Expr;
using Kind = sem::Expr::Kind;
using StepKind = ast::TargetComponent::Kind;

Expr* ForeignPath::make(Kind kind) {
  Expr* expr = program_.make_expr(kind, at_.where);
  expr->token = at_.token;
  return expr;
}

Expr* ForeignPath::integer(int64_t value) {
  Expr* expr = make(Kind::integer);
  expr->type = sem::Type::integer;
  expr->value = value;
  return expr;
}

Expr* ForeignPath::unresolved(std::string message, DiagnosticKind kind) {
  Expr* expr = make(Kind::unresolved);
  expr->text = std::move(message);
  expr->value = static_cast<int64_t>(kind);
  return expr;
}

bool ForeignPath::fail(std::string message, DiagnosticKind kind) {
  if (!failure_) failure_ = unresolved(std::move(message), kind);
  return false;
}

Expr* ForeignPath::add(Expr* a, Expr* b) {
  if (b->kind == Kind::integer && b->value == 0) return a;
  // One addition of all constant offsets on the way.
  if (b->kind == Kind::integer && a->kind == Kind::binary && a->op == ir::Op::add &&
      a->args[1]->kind == Kind::integer) {
    Expr* sum = make(Kind::binary);
    sum->op = ir::Op::add;
    sum->args = {a->args[0], integer(a->args[1]->value + b->value)};
    sum->type = sem::Type::integer;
    return sum;
  }
  Expr* sum = make(Kind::binary);
  sum->op = ir::Op::add;
  sum->args = {a, b};
  sum->type = sem::Type::integer;
  return sum;
}

Expr* ForeignPath::multiply(Expr* a, int64_t factor) {
  if (a->kind == Kind::integer) return integer(a->value * factor);
  Expr* product = make(Kind::binary);
  product->op = ir::Op::mul;
  product->args = {a, integer(factor)};
  product->type = sem::Type::integer;
  return product;
}

// The low `bits` of a value, extended to 64.
Expr* ForeignPath::narrow(Expr* value, uint32_t bits, bool is_signed) {
  if (bits >= 64) return value;
  const auto binary = [&](ir::Op op, Expr* left, int64_t right) {
    Expr* e = make(Kind::binary);
    e->op = op;
    e->args = {left, integer(right)};
    e->type = sem::Type::integer;
    return e;
  };
  if (!is_signed) return binary(ir::Op::bit_and, value, static_cast<int64_t>((1ull << bits) - 1));
  return binary(ir::Op::sar, binary(ir::Op::shl, value, 64 - bits), 64 - bits);
}

Expr* ForeignPath::follow(ForeignValue value, const std::vector<ForeignStep>& steps,
                          bool address_of) {
  int dollars = 0;
  for (const ForeignStep& next : steps) {
    if (next.kind == StepKind::pretty) {
      dollars = static_cast<int>(next.name.size());
      continue;
    }
    if (!step(value, next)) return failure_;
  }
  if (dollars > 2) return unresolved("invalid target_symbol for pretty-print");
  if (dollars > 0 && address_of) return unresolved("cannot take the address of a pretty-print");
  if (dollars > 0) {
    Text text;
    append_value(text, value, dollars);
    return failure_ ? failure_ : make_text(std::move(text));
  }
  if (address_of) {
    if (!value.is_place || value.bits)
      return unresolved(fmt::format("cannot take the address of '{}'", name_));
    side_.c_views[value.expr] = {value.type, true};
    return value.expr;
  }
  Expr* result = value_of(value);
  return failure_ ? failure_ : result;
}

bool ForeignPath::step(ForeignValue& value, const ForeignStep& next) {
  name_ += next.kind == StepKind::member ? "->" + next.name : "[...]";
  return next.kind == StepKind::member ? step_member(value, next.name)
                                       : step_element(value, next.index);
}

// From a pointer to the place that it points to.
bool ForeignPath::dereference(ForeignValue& value) {
  const CType target = value.type.stripped().target();
  if (!value.type.is_pointer() || !target)
    return fail(fmt::format("invalid access '->' for type '{}'", value.type.text()));
  Expr* address = value_of(value);
  if (failure_) return false;
  value = ForeignValue{address, types_.completed(target), true};
  return true;
}

bool ForeignPath::step_member(ForeignValue& value, const std::string& name) {
  if (!value.type) return fail(fmt::format("unknown type in dereference of '{}'", name_));
  if (value.type.is_pointer() && !dereference(value)) return false;
  value.type = types_.completed(value.type);
  const CType structure = value.type.stripped();
  if (!value.is_place || !structure.is_structure())
    return fail(fmt::format("invalid access '->{}' for type '{}'", name, value.type.text()));
  const std::optional<btf::Member> member = structure.find_member(name);
  if (!member) return fail(unknown_member(structure, name));
  ForeignValue next{nullptr, member->type, true};
  if (member->bit_size) {
    const btf::BitFieldLoad load = btf::load_of_bit_field(*member);
    if (load.bytes == 0) return fail(fmt::format("bit-field '{}' cannot be read", name));
    next.expr = add(value.expr, integer(static_cast<int64_t>(load.offset)));
    next.bit_shift = load.shift;
    next.bits = load.bits;
    next.load_bytes = load.bytes;
  } else {
    next.expr = add(value.expr, integer(static_cast<int64_t>(member->offset())));
  }
  value = next;
  return true;
}

bool ForeignPath::step_element(ForeignValue& value, Expr* index) {
  if (!value.type) return fail(fmt::format("unknown type in dereference of '{}'", name_));
  const CType stripped = value.type.stripped();
  CType element;
  Expr* base = nullptr;
  if (stripped.is_array() && value.is_place) {
    element = stripped.target();
    base = value.expr;
  } else if (stripped.is_pointer()) {
    element = stripped.target();
    base = value_of(value);
    if (failure_) return false;
  } else {
    return fail(fmt::format("invalid access '[]' for type '{}'", value.type.text()));
  }
  element = types_.completed(element);
  const auto size = static_cast<int64_t>(element.size());
  if (size == 0) return fail(fmt::format("elements of '{}' have no size", value.type.text()));
  value = ForeignValue{add(base, multiply(index, size)), element, true};
  return true;
}

std::string ForeignPath::unknown_member(CType structure, const std::string& name) const {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < structure.member_count(); ++i)
    if (const btf::Member member = structure.member(i); !member.name.empty())
      names.emplace_back(member.name);
  return fmt::format("unable to find member '{}' for {} (alternatives: {})", name, structure.text(),
                     fmt::join(similar_names(name, names), ", "));
}

Expr* ForeignPath::value_of(const ForeignValue& value) {
  if (!value.is_place) return value_of_register(value.expr, value.type);
  const CType type = value.type.stripped();
  if (type.is_array()) {  // decays to the address of its first element
    side_.c_views[value.expr] = {value.type, true};
    return value.expr;
  }
  if (type.is_structure()) {
    fail(fmt::format("'{}' is a {}: read a member with ->, or add $ for a text", name_,
                     value.type.text()));
    return failure_;
  }
  const uint64_t size = value.bits ? value.load_bytes : type.size();
  if (type.kind() == btf::Kind::floating || (size != 1 && size != 2 && size != 4 && size != 8)) {
    fail(fmt::format("not yet supported: values of type '{}'", value.type.text()),
         DiagnosticKind::unsupported_construct);
    return failure_;
  }
  Expr* load = make(Kind::load);
  load->type = sem::Type::integer;
  load->space = space_;
  load->text = name_;
  load->args = {value.expr};
  load->size = static_cast<int8_t>(size);
  if (!value.bits) {
    if (type.is_signed()) load->size = static_cast<int8_t>(-load->size);
    side_.c_views[load] = {value.type, false};
    return load;
  }
  Expr* shifted = load;
  if (value.bit_shift) {
    shifted = make(Kind::binary);
    shifted->op = ir::Op::shr;
    shifted->type = sem::Type::integer;
    shifted->args = {load, integer(value.bit_shift)};
  }
  return narrow(shifted, value.bits, type.is_signed());
}

// A value that came in a 64-bit register: what is above its own width is not to be trusted.
Expr* ForeignPath::value_of_register(Expr* value, CType type) {
  const CType stripped = type.stripped();
  Expr* result = value;
  if (stripped.is_structure() || stripped.kind() == btf::Kind::floating) {
    fail(fmt::format("not yet supported: values of type '{}'", type.text()),
         DiagnosticKind::unsupported_construct);
    return failure_;
  }
  if (type && !stripped.is_pointer() && type.size() > 0)
    result = narrow(value, static_cast<uint32_t>(type.size() * 8), stripped.is_signed());
  if (type) side_.c_views[result] = {type, false};
  return result;
}

}  // namespace stapd
