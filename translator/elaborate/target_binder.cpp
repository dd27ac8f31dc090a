#include "translator/elaborate/target_binder.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/spelling.h"

namespace stapd {

using probes::ContextVariable;
using sem::Expr;
using Kind = sem::Expr::Kind;
using StepKind = ast::TargetComponent::Kind;

namespace {

const ContextVariable* find(const std::vector<ContextVariable>& variables, std::string_view name) {
  const auto it = std::ranges::find(variables, name, &ContextVariable::name);
  return it == variables.end() ? nullptr : &*it;
}

bool is_listing(std::string_view name) {
  return name == "$$vars" || name == "$$parms" || name == "$$locals" || name == "$$return";
}

}  // namespace

const probes::DerivedPoint* TargetBinder::point() const {
  return body_.probe_ ? &body_.probe_->point : nullptr;
}

bool TargetBinder::user_space() const { return point() && point()->user_space; }

ForeignPath TargetBinder::path(const Expr& at, std::string name, bool user_space) {
  return ForeignPath(body_.builder_.program(), body_.builder_.side(), body_.builder_.host().types,
                     user_space ? ir::Space::user : ir::Space::kernel, at, std::move(name));
}

std::vector<ForeignStep> TargetBinder::steps(const ast::TargetPath& path) {
  std::vector<ForeignStep> list;
  for (const ast::TargetComponent& c : path.components)
    list.push_back({c.kind, std::string(c.name), c.index ? body_.bind(*c.index) : nullptr});
  return list;
}

Expr* TargetBinder::bind(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::target:
      return bind_target(ast::as<ast::Target>(expr));
    case ast::ExprKind::cast:
      return bind_cast(ast::as<ast::Cast>(expr));
    case ast::ExprKind::autocast:
      return bind_autocast(ast::as<ast::Autocast>(expr));
    default:
      return body_.make_unresolved(expr.token, DiagnosticKind::unresolved_target,
                                   "unresolved @var() expression");
  }
}

namespace {

Kind kind_of(ContextVariable::Source source) {
  switch (source) {
    case ContextVariable::Source::register_:
      return Kind::register_value;
    case ContextVariable::Source::user_register:
      return Kind::user_register;
    default:
      return Kind::raw_argument;
  }
}

}  // namespace

Expr* TargetBinder::start_of(const ContextVariable& variable, const Token& token) {
  if (variable.source == ContextVariable::Source::text)
    return body_.make_string(variable.text, token);
  Expr* start = body_.make(kind_of(variable.source), token);
  start->type = sem::Type::integer;
  start->value = variable.index;
  return start;
}

Expr* TargetBinder::bind_variable(const ast::Target& e, const ContextVariable& variable) {
  Expr* start = start_of(variable, e.token);
  if (variable.source == ContextVariable::Source::text) {
    if (e.path.components.empty() && !e.path.address_of) return start;
    return body_.make_unresolved(e.token, DiagnosticKind::unresolved_target,
                                 fmt::format("invalid use of probe variable '{}'", variable.name));
  }
  return path(*start, std::string(e.name), user_space())
      .follow({start, variable.type, false}, steps(e.path), e.path.address_of);
}

Expr* TargetBinder::bind_target(const ast::Target& e) {
  if (!point() || !point()->has_variables)
    return body_.make_unresolved(e.token, DiagnosticKind::unresolved_target,
                                 "unresolved target-symbol expression");
  if (is_listing(e.name)) return bind_listing(e);
  if (const ContextVariable* variable = find(point()->variables, e.name))
    return bind_variable(e, *variable);
  if (point()->is_return && find(point()->entry_variables, e.name))
    return body_.bind_entry(e.token, e);
  return no_variable(e);
}

// Enumerators are variables too, constant ones.
Expr* TargetBinder::no_variable(const ast::Target& e) {
  const std::string_view name = e.name.substr(1);
  if (e.path.components.empty() && !e.path.address_of && !name.starts_with('$'))
    if (const auto found = body_.builder_.host().types.find_enumerator(name))
      return body_.make_integer(found->value, e.token);
  std::vector<std::string> names;
  for (const auto* list : {&point()->variables, &point()->entry_variables})
    for (const ContextVariable& variable : *list) names.push_back(variable.name);
  std::string message = fmt::format("unable to find variable '{}'", e.name);
  if (!names.empty())
    message += fmt::format(" (alternatives: {})", fmt::join(names, " "));
  else
    message += " here: there are none";
  return body_.make_unresolved(e.token, DiagnosticKind::unresolved_target, std::move(message));
}

// $$vars and the like: "a=0x1 b=0x2".
Expr* TargetBinder::bind_listing(const ast::Target& e) {
  int dollars = 0;
  for (const ast::TargetComponent& c : e.path.components) {
    if (c.kind != StepKind::pretty || c.name.size() > 2)
      return body_.make_unresolved(
          e.token, DiagnosticKind::unresolved_target,
          fmt::format("context variable '{}' may not be used as a structure", e.name));
    dollars = static_cast<int>(c.name.size());
  }
  const Expr* at = body_.make(Kind::string, e.token);
  ForeignPath lister = path(*at, std::string(e.name), user_space());
  ForeignPath::Text text;
  for (const ContextVariable& variable : point()->variables) {
    const bool is_return = variable.name == "$return";
    const bool wanted = e.name == "$$return"   ? is_return
                        : e.name == "$$locals" ? false
                                               : variable.in_parameters && !is_return;
    if (!wanted || variable.source == ContextVariable::Source::text) continue;
    if (!text.items.empty()) text.add(" ");
    text.add(fmt::format("{}=", variable.name.substr(1)));
    ForeignPath::Text value;
    path(*at, variable.name, user_space())
        .append_value(value, {start_of(variable, e.token), variable.type, false}, dollars);
    if (value.items.empty()) text.add("?");
    for (ForeignPath::TextItem& item : value.items) {
      if (item.letter)
        text.add(item.letter, item.flags, item.value);
      else
        text.add(std::move(item.literal));
    }
  }
  return lister.make_text(std::move(text));
}

// The modules that @cast searches: the kernel's types are all that there is so far.
Expr* TargetBinder::bind_cast(const ast::Cast& e) {
  Expr* operand = body_.bind(*e.operand);
  if (operand->kind == Kind::unresolved) return operand;
  const CType type = body_.builder_.host().types.find_type(ast::decode_string(e.type));
  if (!type)
    return body_.make_unresolved(
        e.token, DiagnosticKind::unresolved_target,
        fmt::format("type definition '{}' not found in '{}'", e.type, e.module));
  // The operand is a pointer to the type; without a path it stays what it is.
  body_.builder_.side().c_views[operand] = {type, true};
  std::vector<ForeignStep> list = steps(e.path);
  if (list.empty() && !e.path.address_of) return operand;
  const Expr* at = body_.make(Kind::integer, e.token);
  ForeignPath walker = path(*at, "@cast(...)", user_space() && e.module != "kernel");
  ForeignValue place{operand, type, true};
  // @cast(p, "t")[1] is the next one of the type.
  if (!list.empty() && list[0].kind == StepKind::element && !type.is_array()) {
    place.expr = walker.element_address(operand, list[0].index, static_cast<int64_t>(type.size()));
    list.erase(list.begin());
  }
  return walker.follow(place, list, e.path.address_of);
}

// What the operand points to is known when all that flows into it is.
Expr* TargetBinder::bind_autocast(const ast::Autocast& e) {
  Expr* autocast = body_.make(Kind::autocast, e.token);
  autocast->args = {body_.bind(*e.operand)};
  for (const ast::TargetComponent& c : e.path.components)
    if (c.index) autocast->args.push_back(body_.bind(*c.index));
  autocast->index = static_cast<uint32_t>(body_.builder_.side().paths.size());
  body_.builder_.side().paths.push_back({&e.path, user_space()});
  return autocast;
}

}  // namespace stapd
