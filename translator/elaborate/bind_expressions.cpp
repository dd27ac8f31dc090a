#include <fmt/ranges.h>

#include "translator/builtin/builtin.h"
#include "translator/elaborate/bind_body.h"
#include "translator/elaborate/target_binder.h"

namespace stapd {

using ast::ExprKind;
using sem::Expr;
using Kind = sem::Expr::Kind;

// ---- making nodes -------------------------------------------------------------------------------

Expr* BodyBinder::make(Kind kind, const Token& token) {
  Expr* expr = builder_.program().make_expr(kind, token.where);
  expr->token = describe(token);
  return expr;
}

Expr* BodyBinder::make_integer(int64_t value, const Token& token) {
  Expr* expr = make(Kind::integer, token);
  expr->type = sem::Type::integer;
  expr->value = value;
  return expr;
}

Expr* BodyBinder::make_string(std::string text, const Token& token) {
  Expr* expr = make(Kind::string, token);
  expr->type = sem::Type::string;
  expr->text = std::move(text);
  return expr;
}

Expr* BodyBinder::make_local(uint32_t index, const Token& token) {
  Expr* expr = make(Kind::local, token);
  expr->index = index;
  return expr;
}

Expr* BodyBinder::make_unresolved(const Token& token, DiagnosticKind kind, std::string message) {
  Expr* expr = make(Kind::unresolved, token);
  expr->value = static_cast<int64_t>(kind);
  expr->text = std::move(message);
  return expr;
}

void BodyBinder::fault(DiagnosticKind kind, const Token& at, std::string message,
                       std::string hint) {
  builder_.diagnostics().add({kind, std::move(message), place_of(at), {}, {}, std::move(hint)});
}

// ---- names --------------------------------------------------------------------------------------

std::optional<uint32_t> BodyBinder::find_local(std::string_view name) const {
  const auto it = local_names_.find(std::string(name));
  if (it == local_names_.end()) return std::nullopt;
  return it->second;
}

uint32_t BodyBinder::add_local(std::string name, const Token& token) {
  const auto index = static_cast<uint32_t>(locals_.size());
  local_names_.emplace(name, index);
  sem::Local local;
  local.name = std::move(name);
  local.where = token.where;
  locals_.push_back(std::move(local));
  return index;
}

Expr* BodyBinder::bind_name(const ast::Name& e) {
  if (const std::optional<uint32_t> local = find_local(e.name)) return make_local(*local, e.token);
  if (const std::optional<uint32_t> global = builder_.find_global(e.name, *script_)) {
    set_arity(*global, 0, e.token);
    Expr* expr = make(Kind::global, e.token);
    expr->index = *global;
    return expr;
  }
  return make_local(add_local(std::string(e.name), e.token), e.token);
}

// The number of an array's key parts is settled by its first use.
void BodyBinder::set_arity(uint32_t global, size_t arity, const Token& token) {
  SideTables::Global& side = builder_.side().globals[global];
  if (!side.arity) {
    if (side.declared_array && arity == 0)
      fault(DiagnosticKind::inconsistent_arity, token, "inconsistent arity",
            "it is declared with a size, which makes it an array");
    side.arity = arity;
    side.arity_place = place_of(token);
    return;
  }
  if (*side.arity == arity) return;
  Diagnostic d{DiagnosticKind::inconsistent_arity,
               fmt::format("inconsistent arity ({} vs {})", *side.arity, arity),
               place_of(token),
               {},
               {},
               {}};
  d.notes.push_back({fmt::format("arity {} first inferred here", *side.arity), side.arity_place});
  builder_.diagnostics().add(std::move(d));
}

std::optional<uint32_t> BodyBinder::array(const ast::Name& name, size_t arity) {
  if (find_local(name.name)) {
    fault(DiagnosticKind::unresolved_array, name.token,
          "array locals not supported, missing global declaration?",
          fmt::format("declare it outside of the probe: global {}", name.name));
    return std::nullopt;
  }
  if (const std::optional<uint32_t> global = builder_.find_global(name.name, *script_)) {
    set_arity(*global, arity, name.token);
    return global;
  }
  const std::vector<std::string> similar = builder_.similar_globals(name.name);
  fault(DiagnosticKind::unresolved_array, name.token,
        fmt::format("unresolved arity-{} global array {}, missing global declaration?", arity,
                    name.name),
        similar.empty() ? fmt::format("declare it outside of the probe: global {}", name.name)
                        : fmt::format("did you mean {}?", similar[0]));
  return std::nullopt;
}

Expr* BodyBinder::bind_index(const ast::Index& e, bool wildcards) {
  if (e.base->kind == ExprKind::histogram) return bind_bucket(e);
  const auto& name = ast::as<ast::Name>(*e.base);
  Expr* element = make(Kind::element, e.token);
  const std::optional<uint32_t> global = array(name, e.keys.size());
  for (const ast::Expr* key : e.keys) {
    if (!key && !wildcards)
      fault(DiagnosticKind::misplaced_wildcard, e.token, "wildcard not allowed in array index");
    element->args.push_back(key ? bind(*key) : nullptr);
  }
  if (!global) return make_unresolved(e.token, DiagnosticKind::unresolved_array, "");
  element->index = *global;
  return element;
}

// ---- operators ----------------------------------------------------------------------------------

Expr* BodyBinder::bind_expr_of(const ast::Expr& expr, const ast::Script& script) {
  script_ = &script;
  return bind(expr);
}

Expr* BodyBinder::bind(const ast::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::integer:
      return make_integer(ast::as<ast::Integer>(expr).value, expr.token);
    case ExprKind::string:
      return make_string(ast::decode_string(ast::as<ast::String>(expr).spelling), expr.token);
    case ExprKind::name:
      return bind_name(ast::as<ast::Name>(expr));
    case ExprKind::index:
      return bind_index(ast::as<ast::Index>(expr), false);
    case ExprKind::unary:
      return bind_unary(ast::as<ast::Unary>(expr));
    case ExprKind::binary:
      return bind_binary(ast::as<ast::Binary>(expr));
    case ExprKind::in:
      return bind_in(ast::as<ast::In>(expr));
    case ExprKind::ternary:
      return bind_ternary(ast::as<ast::Ternary>(expr));
    case ExprKind::assignment:
      return bind_assignment(ast::as<ast::Assignment>(expr));
    case ExprKind::step:
      return bind_step(ast::as<ast::Step>(expr));
    case ExprKind::call:
      return bind_call(ast::as<ast::Call>(expr));
    case ExprKind::print:
      return bind_print(ast::as<ast::Print>(expr));
    case ExprKind::statistic:
      return bind_statistic(ast::as<ast::Statistic>(expr));
    case ExprKind::histogram:
      return bind_histogram(ast::as<ast::Histogram>(expr));
    case ExprKind::target:
    case ExprKind::cast:
    case ExprKind::target_global:
    case ExprKind::autocast:
      return TargetBinder(*this).bind(expr);
    case ExprKind::defined:
      return bind_defined(ast::as<ast::Defined>(expr));
    case ExprKind::probe_write:
      return bind_probe_write(ast::as<ast::ProbeWrite>(expr));
    case ExprKind::entry:
      return bind_entry(expr.token, *ast::as<ast::Entry>(expr).operand);
    case ExprKind::perf:
      return make_unresolved(expr.token, DiagnosticKind::unsupported_construct,
                             "not yet supported: @perf");
    case ExprKind::constant:
      return bind_constant(ast::as<ast::Constant>(expr));
    case ExprKind::enumerator:
      return bind_enumerator(ast::as<ast::Enumerator>(expr));
    case ExprKind::enumerator_name:
      return bind_enumerator_name(ast::as<ast::EnumeratorName>(expr));
    case ExprKind::target_register:
      return bind_register(ast::as<ast::TargetRegister>(expr));
    case ExprKind::dereference:
      return bind_dereference(ast::as<ast::Dereference>(expr));
    case ExprKind::embedded_expr:
      return bind_embedded(ast::as<ast::EmbeddedExpr>(expr));
  }
  STAPD_UNREACHABLE("expression kind");
}

Expr* BodyBinder::bind_unary(const ast::Unary& e) {
  Expr* operand = bind(*e.operand);
  if (e.op == TokenKind::plus) {  // only says that the operand is a number
    Expr* sum = make(Kind::binary, e.token);
    sum->op = ir::Op::add;
    sum->args = {make_integer(0, e.token), operand};
    return sum;
  }
  const Kind kind = e.op == TokenKind::minus     ? Kind::negate
                    : e.op == TokenKind::bit_not ? Kind::bit_not
                                                 : Kind::logical_not;
  Expr* unary = make(kind, e.token);
  unary->args = {operand};
  return unary;
}

namespace {

std::optional<ir::Op> arithmetic_op(TokenKind op) {
  switch (op) {
    case TokenKind::plus:
    case TokenKind::plus_assign:
      return ir::Op::add;
    case TokenKind::minus:
    case TokenKind::minus_assign:
      return ir::Op::sub;
    case TokenKind::times:
    case TokenKind::times_assign:
      return ir::Op::mul;
    case TokenKind::divide:
    case TokenKind::divide_assign:
      return ir::Op::div;
    case TokenKind::modulo:
    case TokenKind::modulo_assign:
      return ir::Op::mod;
    case TokenKind::bit_and:
    case TokenKind::and_assign:
      return ir::Op::bit_and;
    case TokenKind::bit_or:
    case TokenKind::or_assign:
      return ir::Op::bit_or;
    case TokenKind::bit_xor:
    case TokenKind::xor_assign:
      return ir::Op::bit_xor;
    case TokenKind::shift_left:
    case TokenKind::shift_left_assign:
      return ir::Op::shl;
    case TokenKind::shift_right:
    case TokenKind::shift_right_assign:
      return ir::Op::sar;
    case TokenKind::shift_right_logical:
      return ir::Op::shr;
    case TokenKind::concat_assign:
      return ir::Op::str_append;
    default:
      return std::nullopt;
  }
}

std::optional<ir::Compare> comparison(TokenKind op) {
  switch (op) {
    case TokenKind::equal:
      return ir::Compare::eq;
    case TokenKind::not_equal:
      return ir::Compare::ne;
    case TokenKind::less:
      return ir::Compare::lt;
    case TokenKind::less_equal:
      return ir::Compare::le;
    case TokenKind::greater:
      return ir::Compare::gt;
    case TokenKind::greater_equal:
      return ir::Compare::ge;
    default:
      return std::nullopt;
  }
}

}  // namespace

Expr* BodyBinder::bind_binary(const ast::Binary& e) {
  if (e.op == TokenKind::matches || e.op == TokenKind::not_matches) {
    Expr* regex = make(Kind::regex, e.token);
    regex->negated = e.op == TokenKind::not_matches;
    regex->args = {bind(*e.left)};
    regex->text = ast::decode_string(ast::as<ast::String>(*e.right).spelling);
    return regex;
  }
  Expr* left = bind(*e.left);
  Expr* right = bind(*e.right);
  if (e.op == TokenKind::dot) {
    // a . b . c is one node.
    Expr* concat = left->kind == Kind::concat ? left : make(Kind::concat, e.token);
    if (concat != left) concat->args = {left};
    concat->args.push_back(right);
    return concat;
  }
  Kind kind = Kind::binary;
  if (e.op == TokenKind::logical_and) kind = Kind::logical_and;
  if (e.op == TokenKind::logical_or) kind = Kind::logical_or;
  const std::optional<ir::Compare> compare = comparison(e.op);
  if (compare) kind = Kind::compare;
  Expr* binary = make(kind, e.token);
  if (compare) binary->comparison = *compare;
  if (kind == Kind::binary) binary->op = *arithmetic_op(e.op);
  binary->args = {left, right};
  return binary;
}

Expr* BodyBinder::bind_in(const ast::In& e) {
  if (const auto* histogram = ast::maybe<ast::Histogram>(e.array))
    return bind_in_histogram(e, *histogram);
  Expr* in = make(Kind::in_array, e.token);
  for (const ast::Expr* key : e.keys) in->args.push_back(key ? bind(*key) : nullptr);
  const auto& name = ast::as<ast::Name>(*e.array);
  const std::optional<uint32_t> global = array(name, e.keys.size());
  if (!global) return make_unresolved(e.token, DiagnosticKind::unresolved_array, "");
  in->index = *global;
  return in;
}

Expr* BodyBinder::bind_ternary(const ast::Ternary& e) {
  Expr* conditional = make(Kind::conditional, e.token);
  conditional->args = {bind(*e.condition), bind(*e.yes), bind(*e.no)};
  return conditional;
}

// A variable or an element of an array; anything else is a fault.
namespace {

bool is_foreign(const ast::Expr& e) {
  return e.kind == ExprKind::target || e.kind == ExprKind::cast ||
         e.kind == ExprKind::target_global || e.kind == ExprKind::autocast;
}

}  // namespace

// At once, and not when it is still there after dead code is gone: a write is never dead.
Expr* BodyBinder::refuse_foreign_write(const ast::Expr& target) {
  const bool of_program = probe_ && probe_->point.user_space;
  if (builder_.options().guru)
    fault(DiagnosticKind::unsupported_construct, target.token,
          of_program
              ? "target variables are only read: a recorder does not change the memory of the "
                "programs that it watches"
              : "target variables are only read: BPF programs cannot write the kernel's "
                "memory");
  else
    fault(DiagnosticKind::guru_only, target.token,
          "write to target variable not permitted; need stap -g");
  return make_unresolved(target.token, DiagnosticKind::unsupported_construct, "");
}

Expr* BodyBinder::bind_lvalue(const ast::Expr& target, const Token& op) {
  if (const auto* name = ast::maybe<ast::Name>(&target)) return bind_name(*name);
  if (const auto* index = ast::maybe<ast::Index>(&target);
      index && index->base->kind == ExprKind::name)
    return bind_index(*index, false);
  Expr* bound = bind(target);
  if (bound->kind == Kind::unresolved) return bound;
  if (is_foreign(target)) return refuse_foreign_write(target);
  Diagnostic d{
      DiagnosticKind::not_assignable, "Expecting lvalue for assignment", place_of(op), {}, {}, {}};
  d.notes.push_back({"this cannot be assigned to", place_of(target.token)});
  builder_.diagnostics().add(std::move(d));
  return make_unresolved(target.token, DiagnosticKind::not_assignable, "");
}

Expr* BodyBinder::bind_assignment(const ast::Assignment& e) {
  Expr* target = e.op == TokenKind::accumulate ? bind_statistic_variable(*e.target)
                                               : bind_lvalue(*e.target, e.token);
  Expr* value = bind(*e.value);
  if (target->kind == Kind::unresolved) return target;
  Kind kind = Kind::update;
  if (e.op == TokenKind::assign) kind = Kind::assign;
  if (e.op == TokenKind::accumulate) kind = Kind::accumulate;
  Expr* assignment = make(kind, e.token);
  if (kind == Kind::update) assignment->op = *arithmetic_op(e.op);
  assignment->args = {target, value};
  return assignment;
}

Expr* BodyBinder::bind_step(const ast::Step& e) {
  const bool variable = e.operand->kind == ExprKind::name || e.operand->kind == ExprKind::index;
  // SystemTap lets 3++ pass as long as nobody wants its value.
  const bool written = variable || is_foreign(*e.operand);
  Expr* target = written ? bind_lvalue(*e.operand, e.token) : bind(*e.operand);
  if (target->kind == Kind::unresolved) return target;
  if (target->kind != Kind::local && target->kind != Kind::global && target->kind != Kind::element)
    return make_unresolved(e.token, DiagnosticKind::not_assignable,
                           "Expecting lvalue for assignment");
  Expr* step = make(Kind::increment, e.token);
  step->prefix = e.prefix;
  step->value = e.increment ? 1 : -1;
  step->args = {target};
  return step;
}

// ---- calls --------------------------------------------------------------------------------------

Expr* BodyBinder::bind_call(const ast::Call& e) {
  // Macros of the tapset library may use builtins wherever they stand.
  if (builder_.files().origin(e.token.where.file) != SourceOrigin::user)
    if (const std::optional<Builtin> builtin = find_builtin(e.name))
      return bind_builtin(e, static_cast<uint32_t>(*builtin));
  Expr* call = make(Kind::call, e.token);
  for (const ast::Expr* arg : e.args) call->args.push_back(bind(*arg));
  const std::optional<uint32_t> function = builder_.find_function(e, *script_, probe_);
  if (!function) return make_unresolved(e.token, DiagnosticKind::unresolved_function, "");
  call->index = *function;
  return call;
}

Expr* BodyBinder::bind_builtin(const ast::Call& e, uint32_t index) {
  const BuiltinInfo& builtin = info(static_cast<Builtin>(index));
  if (e.args.size() != builtin.parameters().size())
    fault(DiagnosticKind::wrong_arity, e.token,
          fmt::format("arity mismatch found (function '{}' takes {} args)", e.name,
                      builtin.parameters().size()));
  if (builtin.has('T')) return bind_probe_text(index, e.token);
  if (builtin.has('K')) return bind_session_constant(index, e.token);
  Expr* call = make(Kind::builtin, e.token);
  call->index = index;
  for (const ast::Expr* arg : e.args) call->args.push_back(bind(*arg));
  return call;
}

// pp() and its like are known for each probe.
Expr* BodyBinder::bind_probe_text(uint32_t index, const Token& token) {
  const probes::DerivedPoint* point = probe_ ? &probe_->point : nullptr;
  switch (static_cast<Builtin>(index)) {
    case Builtin::pp:
      return make_string(point ? point->spec.point : "", token);
    case Builtin::pn:
      return make_string(point ? point->spec.alias : "", token);
    case Builtin::ppfunc:
      return make_string(point ? point->function : "", token);
    case Builtin::is_return:
      return make_integer(point && point->is_return, token);
    default:
      STAPD_UNREACHABLE("builtin that is known for each probe");
  }
}

Expr* BodyBinder::bind_session_constant(uint32_t index, const Token& token) {
  switch (static_cast<Builtin>(index)) {
    case Builtin::max_string:
      return make_integer(builder_.options().limits.max_string, token);
    case Builtin::hz:
      return make_integer(builder_.host().kernel.hz, token);
    default:
      STAPD_UNREACHABLE("builtin that is known for the session");
  }
}

}  // namespace stapd
