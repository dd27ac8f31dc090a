#include "translator/elaborate/usage.h"

#include <algorithm>

#include "translator/builtin/builtin.h"
#include "translator/elaborate/walk.h"

namespace stapd {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

namespace {

bool is_variable(const Expr& e) { return e.kind == Kind::global || e.kind == Kind::element; }

// The expression that a node stores to, or null.
const Expr* stored_to(const Expr& e) {
  switch (e.kind) {
    case Kind::assign:
    case Kind::update:
    case Kind::increment:
    case Kind::accumulate:
      return e.args[0];
    default:
      return nullptr;
  }
}

// Whether a store also reads what was there.
bool store_reads(const Expr& e) { return e.kind == Kind::update || e.kind == Kind::increment; }

bool acts(const Expr& e, const sem::Program& program) {
  switch (e.kind) {
    case Kind::print:
      return !program.prints[e.index].to_string;
    case Kind::builtin:
      return info(static_cast<Builtin>(e.index)).has('E');
    case Kind::embedded:
      return e.text.find("/* pure */") == std::string::npos;
    default:
      return false;
  }
}

// Globals and calls below a node. A plain store's own target is no read.
class Collector {
 public:
  Collector(const sem::Program& program, FunctionEffects& effects, std::vector<uint32_t>& calls)
      : program_(program), effects_(effects), calls_(calls) {}

  void expr(const Expr& e) {
    const Expr* target = stored_to(e);
    if (target && is_variable(*target)) {
      effects_.writes[target->index] = true;
      if (store_reads(e)) effects_.reads[target->index] = true;
    }
    if (is_variable(e) || e.kind == Kind::in_array) effects_.reads[e.index] = true;
    if (e.kind == Kind::call) calls_.push_back(e.index);
    effects_.acts = effects_.acts || acts(e, program_);
    for (const Expr* child : e.args) {
      if (!child) continue;
      if (child != target || !is_variable(*child)) {
        expr(*child);
        continue;
      }
      for (const Expr* key : child->args)
        if (key) expr(*key);
    }
  }

  void stmt(const Stmt& s) {
    if (s.kind == Stmt::Kind::foreach) effects_.reads[s.index] = true;
    if (s.kind == Stmt::Kind::remove) {
      effects_.writes[s.expr->index] = true;
      for (const Expr* key : s.expr->args)
        if (key) expr(*key);
    } else if (s.expr && s.kind != Stmt::Kind::foreach) {
      expr(*s.expr);
    }
    for (const Expr* e : {s.init, s.step, s.limit})
      if (e) expr(*e);
    if (s.catch_target && is_variable(*s.catch_target))
      effects_.writes[s.catch_target->index] = true;
    for (const Expr* e : s.slice)
      if (e) expr(*e);
    for (const Stmt* child : s.body)
      if (child) stmt(*child);
  }

 private:
  const sem::Program& program_;
  FunctionEffects& effects_;
  std::vector<uint32_t>& calls_;
};

void merge(std::vector<bool>& into, const std::vector<bool>& from) {
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i]) into[i] = true;
}

}  // namespace

bool FunctionEffects::is_pure() const {
  return !acts && std::find(writes.begin(), writes.end(), true) == writes.end();
}

Usage::Usage(const sem::Program& program, const SideTables& side) {
  const FunctionEffects none{false, std::vector<bool>(program.globals.size()),
                             std::vector<bool>(program.globals.size())};
  functions_.assign(program.functions.size(), none);
  calls_.resize(program.functions.size());
  collect_direct(program, side);
  direct_ = functions_;
  close_over_calls();
  global_read_ = global_written_ = std::vector<bool>(program.globals.size());
  mark_reached(program);
}

void Usage::collect_direct(const sem::Program& program, const SideTables& side) {
  for (size_t i = 0; i < program.functions.size(); ++i) {
    const sem::Function& function = program.functions[i];
    Collector collector(program, functions_[i], calls_[i]);
    if (function.body) collector.stmt(*function.body);
    if (function.next_overload) calls_[i].push_back(*function.next_overload);
    const SideTables::Function& extra = side.functions[i];
    if (!function.embedded.empty()) functions_[i].acts = !extra.pragmas.contains("pure");
    for (uint32_t global : extra.reads) functions_[i].reads[global] = true;
    for (uint32_t global : extra.writes) functions_[i].writes[global] = true;
  }
}

// What a function calls counts as its own; until nothing is added, for there may be circles.
void Usage::close_over_calls() {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = functions_.size(); i-- > 0;) {
      const FunctionEffects before = functions_[i];
      for (uint32_t callee : calls_[i]) {
        functions_[i].acts = functions_[i].acts || functions_[callee].acts;
        merge(functions_[i].writes, functions_[callee].writes);
        merge(functions_[i].reads, functions_[callee].reads);
      }
      changed = changed || functions_[i].acts != before.acts ||
                functions_[i].writes != before.writes || functions_[i].reads != before.reads;
    }
  }
}

void Usage::mark_reached(const sem::Program& program) {
  reached_.assign(functions_.size(), false);
  std::vector<uint32_t> queue;
  FunctionEffects probes{false, std::vector<bool>(program.globals.size()),
                         std::vector<bool>(program.globals.size())};
  Collector collector(program, probes, queue);
  for (const sem::Probe& probe : program.probes) {
    if (probe.body) collector.stmt(*probe.body);
    if (probe.condition) collector.expr(*probe.condition);
  }
  merge(global_read_, probes.reads);
  merge(global_written_, probes.writes);
  while (!queue.empty()) {
    const uint32_t function = queue.back();
    queue.pop_back();
    if (reached_[function]) continue;
    reached_[function] = true;
    merge(global_read_, functions_[function].reads);
    merge(global_written_, functions_[function].writes);
    queue.insert(queue.end(), calls_[function].begin(), calls_[function].end());
  }
}

bool Usage::is_pure(const Expr& e) const {
  switch (e.kind) {
    case Kind::assign:
    case Kind::update:
    case Kind::increment:
    case Kind::accumulate:
      return false;
    case Kind::call:
      if (!functions_[e.index].is_pure()) return false;
      break;
    case Kind::builtin:
      if (info(static_cast<Builtin>(e.index)).has('E')) return false;
      break;
    case Kind::embedded:
      if (e.text.find("/* pure */") == std::string::npos) return false;
      break;
    case Kind::print:
      if (e.type != sem::Type::string) return false;
      break;
    default:
      break;
  }
  return std::ranges::all_of(e.args, [&](const Expr* child) { return !child || is_pure(*child); });
}

namespace {

// Reads below a node, each for the local that it is needed for, or for its own sake (kAlways).
class LocalReads {
 public:
  static constexpr uint32_t kAlways = UINT32_MAX;

  LocalReads(size_t locals, const Usage& usage) : usage_(usage), needs_(locals), read_(locals) {}

  void expr(const Expr& e, uint32_t needed_for) {
    if (e.kind == Kind::local) note(e.index, needed_for);
    const Expr* target = stored_to(e);
    for (const Expr* child : e.args) {
      if (!child) continue;
      if (child != target || child->kind != Kind::local || store_reads(e)) expr(*child, needed_for);
    }
  }
  void stmt(const Stmt& s) {
    if (s.expr && s.kind == Stmt::Kind::expression)
      statement_expr(*s.expr);
    else if (s.expr && s.kind != Stmt::Kind::foreach)
      expr(*s.expr, kAlways);
    for (const Expr* e : {s.init, s.step, s.limit})
      if (e) expr(*e, kAlways);
    for (const Expr* e : s.slice)
      if (e) expr(*e, kAlways);
  }

  std::vector<bool> take() {
    while (!queue_.empty()) {
      const uint32_t local = queue_.back();
      queue_.pop_back();
      for (uint32_t needed : needs_[local]) note(needed, kAlways);
    }
    return std::move(read_);
  }

 private:
  // `x = pure;` needs what it reads only when x is needed.
  void statement_expr(const Expr& e) {
    const bool plain =
        e.kind == Kind::assign && e.args[0]->kind == Kind::local && usage_.is_pure(*e.args[1]);
    if (plain)
      expr(*e.args[1], e.args[0]->index);
    else
      expr(e, kAlways);
  }
  void note(uint32_t local, uint32_t needed_for) {
    if (needed_for != kAlways && !read_[needed_for]) {
      needs_[needed_for].push_back(local);
    } else if (!read_[local]) {
      read_[local] = true;
      queue_.push_back(local);
    }
  }

  const Usage& usage_;
  std::vector<std::vector<uint32_t>> needs_;  // local -> what its value is made of
  std::vector<bool> read_;
  std::vector<uint32_t> queue_;
};

}  // namespace

std::vector<bool> read_locals(Stmt* body, Expr* condition, size_t locals, const Usage& usage) {
  LocalReads reads(locals, usage);
  if (condition) reads.expr(*condition, LocalReads::kAlways);
  sem::for_each_stmt(body, [&](Stmt& s) { reads.stmt(s); });
  return reads.take();
}

}  // namespace stapd
