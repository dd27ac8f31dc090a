// A derived probe's handler: its parts in a row, its condition, and, when it asks for values at the
// function's entry, the probe there that saves them.
//
//   at the entry:   level = ++depth[tid, id];  saved_k[tid, id, level] = EXPR_k
//   at the return:  level = depth[tid, id];    local_k = saved_k[tid, id, level]; delete it;
//                   depth[tid, id] = level - 1, or delete it when nothing is left
//
// `id` tells the derived probes of one handler apart. What a function wants that the handler calls
// is kept as saved_k[tid, id, 0] while the handler runs: there it is found without being passed on.
#include <algorithm>

#include "translator/ast/walk.h"
#include "translator/builtin/builtin.h"
#include "translator/elaborate/bind_body.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

// Builds the statements above; nobody wrote them, so they have no place.
class EntryCode {
 public:
  EntryCode(ProgramBuilder& builder, const Token& token, uint32_t id)
      : builder_(builder), token_(token), id_(id) {}

  Expr* local(uint32_t index) {
    Expr* e = make(Kind::local);
    e->index = index;
    return e;
  }
  Expr* integer(int64_t value) {
    Expr* e = make(Kind::integer);
    e->type = sem::Type::integer;
    e->value = value;
    return e;
  }
  Expr* depth() { return element(builder_.entry_depth_global(), nullptr); }
  Expr* saved(uint32_t global, uint32_t level) { return element(global, local(level)); }
  Expr* kept(uint32_t global) { return element(global, integer(0)); }

  Stmt* assign(Expr* target, Expr* value) {
    Expr* e = make(Kind::assign);
    e->args = {target, value};
    return statement(Stmt::Kind::expression, e);
  }
  Stmt* remove(Expr* target) { return statement(Stmt::Kind::remove, target); }
  Stmt* statement(Stmt::Kind kind, Expr* expr) {
    Stmt* s = builder_.program().make_stmt(kind, {});
    s->token = describe(token_);
    s->expr = expr;
    return s;
  }
  Expr* binary(ir::Op op, Expr* a, Expr* b) {
    Expr* e = make(Kind::binary);
    e->op = op;
    e->args = {a, b};
    return e;
  }
  Expr* greater(Expr* a, Expr* b) {
    Expr* e = make(Kind::compare);
    e->comparison = ir::Compare::gt;
    e->args = {a, b};
    return e;
  }
  Expr* not_(Expr* a) {
    Expr* e = make(Kind::logical_not);
    e->args = {a};
    return e;
  }

 private:
  Expr* make(Kind kind) {
    Expr* e = builder_.program().make_expr(kind, {});
    e->token = describe(token_);
    return e;
  }
  Expr* element(uint32_t global, Expr* level) {
    Expr* tid = make(Kind::builtin);
    tid->index = static_cast<uint32_t>(Builtin::tid);
    Expr* e = make(Kind::element);
    e->index = global;
    e->args = {tid, integer(id_)};
    if (level) e->args.push_back(level);
    return e;
  }

  ProgramBuilder& builder_;
  const Token& token_;
  uint32_t id_;
};

}  // namespace

uint32_t ProgramBuilder::entry_depth_global() {
  if (!entry_depth_) {
    entry_depth_ = add_hidden_global("__entry_depth");
    side_.globals[*entry_depth_].arity = 2;
    program_.globals[*entry_depth_].wrap = true;
  }
  return *entry_depth_;
}

// Threads that die inside leave elements behind: the oldest make place.
uint32_t ProgramBuilder::entry_global(const ast::Expr& saved) {
  const auto [it, is_new] = entry_globals_.emplace(&saved, 0);
  if (is_new) {
    it->second = add_hidden_global(fmt::format("__entry_{}", entry_globals_.size()));
    side_.globals[it->second].arity = 3;
    program_.globals[it->second].wrap = true;
  }
  return it->second;
}

const DerivedProbe& ProgramBuilder::make_entry_probe(const DerivedProbe& of) {
  DerivedProbe entry;
  entry.point = of.point;
  entry.point.spec = *of.point.entry;
  entry.point.spec.point = of.point.point;
  entry.point.spec.optional = of.point.spec.optional;
  entry.point.is_return = false;
  entry.point.variables = of.point.entry_variables;
  entry.point.entry.reset();
  entry.derivation = of.derivation;
  entry.token = of.token;
  entry_probes_.push_back(std::move(entry));
  return entry_probes_.back();
}

namespace {

sem::Probe make_probe(const DerivedProbe& derived) {
  sem::Probe probe;
  probe.spec = derived.point.spec;
  probe.context = derived.point.context;
  probe.derivation = derived.derivation;
  probe.where = derived.token.where;
  probe.token = describe(derived.token);
  return probe;
}

struct Snapshot {
  const ast::Expr* expr;
  const ast::Script* script;
  Expr* target;  // what gets the value at the return
};

// Adds the probe that saves; what the return probe does first. `level`: a local of its.
std::vector<Stmt*> bind_snapshots(ProgramBuilder& builder, const DerivedProbe& derived,
                                  EntryCode& code, uint32_t level,
                                  const std::vector<Snapshot>& snapshots) {
  const DerivedProbe& entry = builder.make_entry_probe(derived);
  sem::Probe saver = make_probe(entry);
  BodyBinder entry_body(builder, saver.locals, &entry, false);
  const uint32_t entry_level = entry_body.add_local("__level", derived.token);
  Stmt* save = code.statement(Stmt::Kind::block, nullptr);
  save->body.push_back(code.assign(code.local(entry_level),
                                   code.binary(ir::Op::add, code.depth(), code.integer(1))));
  save->body.push_back(code.assign(code.depth(), code.local(entry_level)));
  std::vector<Stmt*> restore = {code.assign(code.local(level), code.depth())};
  for (const Snapshot& snapshot : snapshots) {
    const uint32_t global = builder.entry_global(*snapshot.expr);
    save->body.push_back(code.assign(code.saved(global, entry_level),
                                     entry_body.bind_expr_of(*snapshot.expr, *snapshot.script)));
    restore.push_back(code.assign(snapshot.target, code.saved(global, level)));
    restore.push_back(code.remove(code.saved(global, level)));
  }
  Stmt* leave =
      code.statement(Stmt::Kind::if_else, code.greater(code.local(level), code.integer(1)));
  leave->body = {
      code.assign(code.depth(), code.binary(ir::Op::sub, code.local(level), code.integer(1))),
      code.remove(code.depth())};
  restore.push_back(leave);
  saver.body = save;
  builder.add_bound_probe(std::move(saver));
  return restore;
}

// Before everything else: what was saved has to go whether the handler runs or not.
void put_first(std::vector<Stmt*> first, EntryCode& code, sem::Probe& probe) {
  if (probe.condition) {
    Stmt* skip = code.statement(Stmt::Kind::if_else, code.not_(probe.condition));
    skip->body = {code.statement(Stmt::Kind::next, nullptr), nullptr};
    first.push_back(skip);
    probe.condition = nullptr;
  }
  probe.body->body.insert(probe.body->body.begin(), first.begin(), first.end());
}

}  // namespace

void ProgramBuilder::add_probe(const DerivedProbe& derived) {
  sem::Probe probe = make_probe(derived);
  BodyBinder body(*this, probe.locals, &derived, false);
  Stmt* block = program_.make_stmt(Stmt::Kind::block, derived.token.where);
  block->token = describe(derived.token);
  for (const ConditionPart& part : derived.conditions) {
    Expr* condition = body.bind_condition(part);
    if (!probe.condition) {
      probe.condition = condition;
      continue;
    }
    Expr* both = program_.make_expr(Kind::logical_and, condition->where);
    both->token = condition->token;
    both->args = {probe.condition, condition};
    probe.condition = both;
  }
  for (const HandlerPart& part : derived.parts) block->body.push_back(body.bind_part(part));
  probe.body = block;
  if (!body.saved().empty()) {
    EntryCode code(*this, derived.token, next_entry_id());
    std::vector<Snapshot> snapshots;
    for (const BodyBinder::Saved& saved : body.saved())
      snapshots.push_back({saved.expr, saved.script, code.local(saved.local)});
    const uint32_t level = body.add_local("__level", derived.token);
    put_first(bind_snapshots(*this, derived, code, level, snapshots), code, probe);
  }
  probe_indexes_[&derived] = static_cast<uint32_t>(program_.probes.size());
  program_.probes.push_back(std::move(probe));
}

sem::Expr* ProgramBuilder::entry_value(const DerivedProbe& probe, const ast::Expr& saved,
                                       const ast::Script& script, const Token& token) {
  const auto [it, is_new] = entry_values_.try_emplace(&probe);
  EntryValues& wanted = it->second;
  if (is_new) wanted.id = next_entry_id();
  if (std::ranges::find(wanted.values, &saved, &EntryValues::Value::expr) == wanted.values.end())
    wanted.values.push_back({&saved, &script});
  return EntryCode(*this, token, wanted.id).kept(entry_global(saved));
}

void ProgramBuilder::add_entry_values(const DerivedProbe& derived, const EntryValues& wanted) {
  EntryCode code(*this, derived.token, wanted.id);
  std::vector<Snapshot> snapshots;
  for (const EntryValues::Value& value : wanted.values)
    snapshots.push_back({value.expr, value.script, code.kept(entry_global(*value.expr))});
  const uint32_t index = probe_indexes_.at(&derived);
  std::vector<sem::Local> locals = program_.probes[index].locals;
  const uint32_t level =
      BodyBinder(*this, locals, &derived, false).add_local("__level", derived.token);
  std::vector<Stmt*> first = bind_snapshots(*this, derived, code, level, snapshots);
  sem::Probe& probe = program_.probes[index];  // a probe was added
  probe.locals = std::move(locals);
  put_first(std::move(first), code, probe);
}

// A condition reads global scalars and arrays, and does nothing else.
sem::Expr* BodyBinder::bind_condition(const ConditionPart& part) {
  script_ = part.script;
  part_ = nullptr;
  const auto check = [&](const ast::Expr& e) {
    if (e.kind == ast::ExprKind::call)
      fault(DiagnosticKind::bad_condition, e.token, "probe condition must not reference function");
    if (e.kind == ast::ExprKind::assignment || e.kind == ast::ExprKind::step)
      fault(DiagnosticKind::bad_condition, e.token,
            "probe condition must not modify any variables");
    if (e.kind == ast::ExprKind::name &&
        !builder_.find_global(ast::as<ast::Name>(e).name, *script_))
      fault(DiagnosticKind::bad_condition, e.token,
            "probe condition must not reference undeclared global");
  };
  ast::walk(*part.condition, check);
  return bind(*part.condition);
}

}  // namespace stapd
