#include "translator/elaborate/program_builder.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/spelling.h"
#include "translator/ast/walk.h"
#include "translator/builtin/builtin.h"
#include "translator/elaborate/bind_body.h"

namespace stapd {
namespace {

sem::Type type_of(ast::DeclaredType type) {
  switch (type) {
    case ast::DeclaredType::integer:
      return sem::Type::integer;
    case ast::DeclaredType::string:
      return sem::Type::string;
    case ast::DeclaredType::none:
      break;
  }
  return sem::Type::unknown;
}

}  // namespace

void ProgramBuilder::add_script(const ast::Script& script) {
  user_scripts_.push_back(&script);
  known_scripts_.insert(&script);
}

void ProgramBuilder::use(const ast::Script& script) {
  if (known_scripts_.insert(&script).second) used_scripts_.push_back(&script);
}

// ---- globals ------------------------------------------------------------------------------------

// Private ones of the same file, then those of the same file, of the user's scripts, of the
// library. What several of the user's scripts declare is one variable, as the first says.
const ast::GlobalDecl* ProgramBuilder::find_global_decl(std::string_view name,
                                                        const ast::Script& from,
                                                        const ast::Script** owner) {
  const auto in = [&](const ast::Script& script, bool also_private) -> const ast::GlobalDecl* {
    for (const ast::GlobalDecl* decl : names_.globals(script, name))
      if (also_private || !decl->is_private) {
        *owner = &script;
        return decl;
      }
    return nullptr;
  };
  const ast::GlobalDecl* own = in(from, true);
  if (own && (own->is_private || !is_user(from))) return own;
  for (const ast::Script* script : user_scripts_)
    if (const ast::GlobalDecl* decl = in(*script, false)) return decl;
  for (const ast::Script* script : library_.files_with_global(name))
    if (const ast::GlobalDecl* decl = in(*script, false)) return decl;
  return nullptr;
}

std::optional<uint32_t> ProgramBuilder::find_global(std::string_view name,
                                                    const ast::Script& from) {
  const ast::Script* owner = nullptr;
  const ast::GlobalDecl* decl = find_global_decl(name, from, &owner);
  if (!decl) return std::nullopt;
  use(*owner);
  return declare_global(*decl, *owner);
}

std::optional<uint32_t> ProgramBuilder::declare_global(const ast::GlobalDecl& decl,
                                                       const ast::Script& script) {
  if (const auto it = globals_.find(&decl); it != globals_.end()) return it->second;
  const auto index = static_cast<uint32_t>(program_.globals.size());
  sem::Global global;
  global.name = decl.name;
  global.mangled_name =
      decl.is_private ? fmt::format("{}@{}", decl.name, script.file) : std::string(decl.name);
  global.max_entries = decl.size.value_or(0);
  global.wrap = decl.wrap;
  global.from_user_file = is_user(script);
  global.where = decl.token.where;
  SideTables::Global side;
  side.decl = &decl;
  side.place = place_of(decl.token);
  side.declared_array = decl.size.has_value();
  if (decl.init) {
    side.arity = 0;
    side.arity_place = place_of(decl.init->token);
    initialize(global, decl);
  }
  program_.globals.push_back(std::move(global));
  side_.globals.push_back(std::move(side));
  globals_.emplace(&decl, index);
  return index;
}

void ProgramBuilder::initialize(sem::Global& global, const ast::GlobalDecl& decl) {
  if (const auto* number = ast::maybe<ast::Integer>(decl.init)) {
    global.init = number->value;
    global.type = sem::Type::integer;
  } else if (const auto* text = ast::maybe<ast::String>(decl.init)) {
    global.init_text = ast::decode_string(text->spelling);
    global.type = sem::Type::string;
  }
}

uint32_t ProgramBuilder::add_hidden_global(std::string name) {
  const auto index = static_cast<uint32_t>(program_.globals.size());
  sem::Global global;
  global.name = global.mangled_name = std::move(name);
  program_.globals.push_back(std::move(global));
  side_.globals.emplace_back();
  return index;
}

std::vector<std::string> ProgramBuilder::similar_globals(std::string_view name) const {
  if (diagnostics_.is_full(DiagnosticKind::unresolved_array)) return {};
  std::vector<std::string> names;
  for (const ast::Script* script : user_scripts_)
    for (const ast::GlobalDecl* decl : script->globals)
      if (decl->name != name) names.emplace_back(decl->name);
  return similar_names(name, names);
}

// ---- functions ----------------------------------------------------------------------------------

// Private functions of the same file hide all others of the name.
std::vector<ProgramBuilder::Candidate> ProgramBuilder::candidates(std::string_view name,
                                                                  const ast::Script& from) {
  std::vector<Candidate> found;
  const auto collect = [&](const ast::Script& script, bool wants_private) {
    const int64_t usual_priority = is_user(script) ? 0 : 1;
    for (const ast::FunctionDecl* decl : names_.functions(script, name))
      if (decl->is_private == wants_private)
        found.push_back({decl, &script, decl->priority.value_or(usual_priority)});
  };
  collect(from, true);
  if (!found.empty()) return found;
  for (const ast::Script* script : user_scripts_) collect(*script, false);
  for (const ast::Script* script : library_.files_with_function(name)) collect(*script, false);
  return found;
}

bool ProgramBuilder::report_wrong_arity(const ast::Call& call, const std::vector<Candidate>& all) {
  Diagnostic d{DiagnosticKind::wrong_arity,
               fmt::format("arity mismatch found (function '{}' takes {} args)", call.name,
                           all.front().decl->parameters.size()),
               place_of(call.token),
               {},
               {},
               {}};
  d.notes.push_back({"the function is here", place_of(all.front().decl->token)});
  diagnostics_.add(std::move(d));
  return false;
}

std::vector<std::string> ProgramBuilder::similar_functions(std::string_view name) const {
  if (diagnostics_.is_full(DiagnosticKind::unresolved_function)) return {};
  std::vector<std::string> names = library_.function_names();
  for (const ast::Script* script : user_scripts_)
    for (const ast::FunctionDecl* decl : script->functions) names.emplace_back(decl->name);
  return similar_names(name, names);
}

std::optional<uint32_t> ProgramBuilder::find_function(const ast::Call& call,
                                                      const ast::Script& from,
                                                      const DerivedProbe* probe) {
  std::vector<Candidate> all = candidates(call.name, from);
  if (all.empty()) {
    const std::vector<std::string> similar = similar_functions(call.name);
    Diagnostic d{DiagnosticKind::unresolved_function,
                 fmt::format("unresolved function {}", call.name),
                 place_of(call.token),
                 {},
                 {},
                 {}};
    if (!similar.empty()) d.message += fmt::format(" (similar: {})", fmt::join(similar, ", "));
    diagnostics_.add(std::move(d));
    return std::nullopt;
  }
  std::vector<Candidate> fitting;
  std::ranges::copy_if(all, std::back_inserter(fitting), [&](const Candidate& c) {
    return c.decl->parameters.size() == call.args.size();
  });
  if (fitting.empty()) {
    report_wrong_arity(call, all);
    return std::nullopt;
  }
  std::ranges::stable_sort(fitting, {}, &Candidate::priority);
  std::optional<uint32_t> first;
  for (size_t i = fitting.size(); i-- > 0;) {
    const bool clone = probe && needs_probe(*fitting[i].decl, *fitting[i].script);
    const uint32_t index = declare_function(fitting[i], clone ? probe : nullptr);
    program_.functions[index].next_overload = first;
    first = index;
  }
  return first;
}

uint32_t ProgramBuilder::declare_function(const Candidate& candidate, const DerivedProbe* probe) {
  const FunctionKey key{candidate.decl, probe};
  if (const auto it = functions_.find(key); it != functions_.end()) return it->second;
  use(*candidate.script);
  const auto index = static_cast<uint32_t>(program_.functions.size());
  const ast::FunctionDecl& decl = *candidate.decl;
  sem::Function function;
  function.name = decl.name;
  function.mangled_name = fmt::format("{}@{}", decl.name, index);
  function.type = type_of(decl.type);
  function.parameters = static_cast<uint32_t>(decl.parameters.size());
  function.where = decl.token.where;
  function.from_tapset = !is_user(*candidate.script);
  for (const ast::Parameter& parameter : decl.parameters) {
    sem::Local local;
    local.name = parameter.token.text;
    local.type = type_of(parameter.type);
    local.where = parameter.token.where;
    function.locals.push_back(std::move(local));
  }
  program_.functions.push_back(std::move(function));
  side_.functions.push_back({candidate.decl, candidate.script, place_of(decl.token), {}, {}, {}});
  functions_.emplace(key, index);
  pending_.push_back({index, probe});
  return index;
}

void ProgramBuilder::bind_functions() {
  while (!pending_.empty()) {
    const PendingFunction next = pending_.front();
    pending_.pop_front();
    bind_function(next);
    if (!pending_.empty()) continue;
    for (const auto& [probe, wanted] : std::exchange(entry_values_, {}))
      add_entry_values(*probe, wanted);
  }
}

void ProgramBuilder::bind_function(const PendingFunction& pending) {
  const SideTables::Function side = side_.functions[pending.index];
  if (side.decl->body->kind == ast::StmtKind::embedded_stmt) {
    program_.functions[pending.index].embedded = ast::as<ast::EmbeddedStmt>(*side.decl->body).code;
    read_pragmas(pending.index, *side.decl, *side.script);
    return;
  }
  // Binding may add functions, which moves them all.
  std::vector<sem::Local> locals = program_.functions[pending.index].locals;
  BodyBinder binder(*this, locals, pending.probe, true);
  sem::Stmt* body = binder.bind_part({&ast::as<ast::Block>(*side.decl->body), side.script});
  program_.functions[pending.index].locals = std::move(locals);
  program_.functions[pending.index].body = body;
}

// What comments in embedded C say about it: /* pure */, /* pragma:read:global */ ...
void ProgramBuilder::read_pragmas(uint32_t index, const ast::FunctionDecl& decl,
                                  const ast::Script& script) {
  SideTables::Function& side = side_.functions[index];
  const std::string_view code = ast::as<ast::EmbeddedStmt>(*decl.body).code;
  for (size_t at = 0; (at = code.find("/*", at)) != code.npos; at += 2) {
    const size_t end = code.find("*/", at);
    if (end == code.npos) break;
    std::string_view text = code.substr(at + 2, end - at - 2);
    while (text.starts_with(" ")) text.remove_prefix(1);
    while (text.ends_with(" ")) text.remove_suffix(1);
    side.pragmas.emplace(text);
    for (const auto& [prefix, list] :
         {std::pair{std::string_view("pragma:read:"), &side.reads},
          std::pair{std::string_view("pragma:write:"), &side.writes}}) {
      if (!text.starts_with(prefix)) continue;
      const std::string_view name = text.substr(prefix.size());
      if (const std::optional<uint32_t> global = find_global(name, script))
        list->push_back(*global);
      else
        diagnostics_.add(
            DiagnosticKind::bad_pragma, place_of(decl.body->token),
            fmt::format("unresolved {} global {}", prefix.substr(0, prefix.size() - 1), name));
    }
  }
  if (side.pragmas.contains("stable") && !side.pragmas.contains("pure"))
    diagnostics_.add(DiagnosticKind::bad_pragma, place_of(decl.token),
                     "stable function must also be /* pure */");
  if (side.pragmas.contains("guru") && !options_.guru)
    diagnostics_.add(DiagnosticKind::guru_only, place_of(decl.token),
                     "function may not be used unless -g is specified");
}

// ---- functions that depend on the probe
// -----------------------------------------------------------

bool ProgramBuilder::needs_probe(const ast::FunctionDecl& function, const ast::Script& script) {
  const auto [it, is_new] = needs_probe_.emplace(&function, false);
  if (!is_new) return it->second;
  constexpr size_t kMaxCallDepth = 1000;
  if (call_depth_ >= kMaxCallDepth) {
    diagnostics_.add(DiagnosticKind::call_chain_too_deep, place_of(function.token),
                     "functions call each other too deep");
    return false;
  }
  ++call_depth_;
  const bool needs = body_needs_probe(function, script);
  --call_depth_;
  needs_probe_[&function] = needs;
  return needs;
}

bool ProgramBuilder::body_needs_probe(const ast::FunctionDecl& function,
                                      const ast::Script& script) {
  bool needs = false;
  std::vector<const ast::Call*> calls;
  ast::walk(*function.body, [&](const ast::Expr& e) {
    switch (e.kind) {
      case ast::ExprKind::target:
      case ast::ExprKind::target_global:
      case ast::ExprKind::entry:
      case ast::ExprKind::target_register:
        needs = true;
        break;
      case ast::ExprKind::call:
        calls.push_back(&ast::as<ast::Call>(e));
        break;
      default:
        break;
    }
  });
  for (const ast::Call* call : calls) {
    if (needs) return true;
    if (const auto builtin = find_builtin(call->name)) {
      needs = info(*builtin).has('T') && !is_user(script);
      continue;
    }
    for (const Candidate& candidate : candidates(call->name, script))
      needs = needs || (candidate.decl->parameters.size() == call->args.size() &&
                        needs_probe(*candidate.decl, *candidate.script));
  }
  return needs;
}

}  // namespace stapd
