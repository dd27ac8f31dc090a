// Operators on the probe itself, its entry, and constants of the kernel.
#include <algorithm>

#include "translator/ast/walk.h"
#include "translator/elaborate/bind_body.h"
#include "translator/elaborate/walk.h"

namespace stapd {

using sem::Expr;
using Kind = sem::Expr::Kind;

namespace {

// What only exists when the kernel or a program has it.
bool is_foreign(const ast::Expr& e) {
  switch (e.kind) {
    case ast::ExprKind::target:
    case ast::ExprKind::cast:
    case ast::ExprKind::target_global:
    case ast::ExprKind::autocast:
    case ast::ExprKind::constant:
    case ast::ExprKind::enumerator:
      return true;
    default:
      return false;
  }
}

}  // namespace

// 1 when there is something foreign inside and all of it resolves, else 0.
Expr* BodyBinder::bind_defined(const ast::Defined& e) {
  const size_t messages = builder_.diagnostics().all().size();
  Expr* operand = bind(*e.operand);
  bool resolves = false, depends = false;
  ast::walk(*e.operand, [&](const ast::Expr& inner) { resolves = resolves || is_foreign(inner); });
  sem::for_each_expr(operand, [&](Expr*& inner) {
    resolves = resolves && inner->kind != Kind::unresolved;
    depends = depends || inner->kind == Kind::autocast;
  });
  if (!resolves) builder_.diagnostics().rewind(messages);
  if (!resolves || !depends) {
    Expr* answer = make_integer(resolves, e.token);
    answer->settled = true;
    return answer;
  }
  Expr* defined = make(Kind::defined, e.token);
  defined->args = {operand};
  return defined;
}

// Whether the handler of an alias's user assigns the variable.
Expr* BodyBinder::bind_probe_write(const ast::ProbeWrite& e) {
  if (!probe_ || in_function_ || probe_->parts.size() < 2) {
    fault(DiagnosticKind::misplaced_operator, e.token, "unexpected @probewrite",
          "only a probe alias can ask what its users write");
    return make_integer(0, e.token);
  }
  bool written = false;
  const auto is_variable = [&](const ast::Expr* target) {
    const auto* name = ast::maybe<ast::Name>(target);
    return name && name->name == e.name;
  };
  for (const HandlerPart& part : probe_->parts) {
    if (!part.is_handler) continue;
    ast::walk(*part.body, [&](const ast::Expr& inner) {
      if (const auto* assignment = ast::maybe<ast::Assignment>(&inner))
        written = written || is_variable(assignment->target);
      if (const auto* step = ast::maybe<ast::Step>(&inner))
        written = written || is_variable(step->operand);
    });
  }
  return make_integer(written, e.token);
}

// The value that `saved` had at the function's entry.
Expr* BodyBinder::bind_entry(const Token& token, const ast::Expr& saved) {
  if (!probe_ || !probe_->point.is_return || !probe_->point.entry)
    return make_unresolved(token, DiagnosticKind::misplaced_operator,
                           "@entry is only valid in .return probes");
  if (in_function_) return builder_.entry_value(*probe_, saved, *script_, token);
  for (const Saved& earlier : saved_)
    if (earlier.expr == &saved) return make_local(earlier.local, token);
  const uint32_t local = add_local(fmt::format("__entry_{}", saved_.size()), token);
  saved_.push_back({&saved, script_, local});
  return make_local(local, token);
}

Expr* BodyBinder::bind_constant(const ast::Constant& e) {
  if (const auto find = builder_.host().find_constant)
    if (const std::optional<int64_t> value = find(e.name)) return make_integer(*value, e.token);
  if (const auto found = builder_.host().types.find_enumerator(e.name))
    return make_integer(found->value, e.token);
  return make_unresolved(e.token, DiagnosticKind::unsupported_construct,
                         fmt::format("not yet supported: @const(\"{}\")", e.name));
}

Expr* BodyBinder::bind_enumerator(const ast::Enumerator& e) {
  if (const auto found = builder_.host().types.find_enumerator(e.name))
    return make_integer(found->value, e.token);
  return make_unresolved(e.token, DiagnosticKind::unresolved_target,
                         fmt::format("unable to find enumerator '{}'", e.name));
}

// The name of the enumerator with a value, or the value as a number: one comparison after the
// other, the first of those with equal values.
Expr* BodyBinder::bind_enumerator_name(const ast::EnumeratorName& e) {
  Expr* operand = bind(*e.operand);
  if (operand->kind == Kind::unresolved) return operand;
  btf::Type type;
  if (!e.type.empty())
    type = builder_.host().types.find_type(ast::decode_string(e.type));
  else if (const auto view = builder_.side().c_views.find(operand);
           view != builder_.side().c_views.end() && !view->second.is_address)
    type = view->second.type;
  if (!type || type.enumerator_count() == 0)
    return make_unresolved(e.token, DiagnosticKind::unresolved_target,
                           e.type.empty() ? "unable to find the enumeration of the value; name it: "
                                            "@enumname(value, \"enum ...\")"
                                          : fmt::format("unable to find enumeration '{}'", e.type));
  const uint32_t local = add_local("__enumerator", e.token);
  Expr* name = make_print({}, true, {make_local(local, e.token)}, e.token);
  for (uint32_t i = type.enumerator_count(); i-- > 0;) {
    const btf::Enumerator enumerator = type.enumerator(i);
    Expr* value = make_local(local, e.token);
    if (i == 0) {
      Expr* assign = make(Kind::assign, e.token);
      assign->args = {value, operand};
      value = assign;
    }
    Expr* is_it = make(Kind::compare, e.token);
    is_it->comparison = ir::Compare::eq;
    is_it->args = {value, make_integer(enumerator.value, e.token)};
    Expr* choice = make(Kind::conditional, e.token);
    choice->args = {is_it, make_string(std::string(enumerator.name), e.token), name};
    name = choice;
  }
  return name;
}

Expr* BodyBinder::bind_embedded(const ast::EmbeddedExpr& e) {
  Expr* embedded = make(Kind::embedded, e.token);
  embedded->text = e.code;
  const bool is_string = e.code.find("/* string */") != std::string_view::npos;
  embedded->type = is_string ? sem::Type::string : sem::Type::integer;
  return embedded;
}

// DWARF's number of a register, where the probe has registers.
Expr* BodyBinder::bind_register(const ast::TargetRegister& e) {
  const bool has_registers = probe_ &&
                             (probe_->point.context == ProgramContext::user_registers ||
                              probe_->point.context == ProgramContext::kernel_registers) &&
                             !runs_in_daemon(probe_->point.spec.family);
  const std::optional<uint16_t> offset =
      e.number >= 0 && e.number < 1000
          ? builder_.host().machine.offset_of_dwarf_register(static_cast<unsigned>(e.number))
          : std::nullopt;
  if (!has_registers || !offset)
    return make_unresolved(e.token, DiagnosticKind::unresolved_target, "invalid operator");
  Expr* reg = make(Kind::register_value, e.token);
  reg->type = sem::Type::integer;
  reg->value = *offset;
  return reg;
}

Expr* BodyBinder::bind_dereference(const ast::Dereference& e) {
  Expr* address = bind(*e.address);
  if (e.size != 1 && e.size != 2 && e.size != 4 && e.size != 8)
    return make_unresolved(e.token, DiagnosticKind::unresolved_target,
                           "invalid operator: the size is 1, 2, 4 or 8");
  Expr* load = make(Kind::load, e.token);
  load->type = sem::Type::integer;
  load->space = e.user ? ir::Space::user : ir::Space::kernel;
  load->size = static_cast<int8_t>(e.size);
  load->args = {address};
  return load;
}

}  // namespace stapd
