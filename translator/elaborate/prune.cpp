#include <algorithm>

#include "translator/elaborate/finish_program.h"
#include "translator/elaborate/usage.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

// Old index -> new one.
using Renumbering = std::vector<uint32_t>;

// Those that are kept, in order, with their side tables.
template <class T, class S>
Renumbering keep(std::vector<T>& items, std::vector<S>& side, const std::vector<bool>& wanted) {
  Renumbering numbers(items.size());
  size_t next = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!wanted[i]) continue;
    numbers[i] = static_cast<uint32_t>(next);
    if (next != i) {
      items[next] = std::move(items[i]);
      side[next] = std::move(side[i]);
    }
    ++next;
  }
  items.resize(next);
  side.resize(next);
  return numbers;
}

void renumber_globals(sem::Program& program, SideTables& side, const Renumbering& numbers) {
  sem::for_each_expr(program, [&](Expr*& e) {
    if (e->kind == Kind::global || e->kind == Kind::element || e->kind == Kind::in_array)
      e->index = numbers[e->index];
  });
  sem::for_each_stmt(program, [&](Stmt& s) {
    if (s.kind == Stmt::Kind::foreach) s.index = numbers[s.index];
  });
  for (SideTables::Function& function : side.functions) {
    for (uint32_t& global : function.reads) global = numbers[global];
    for (uint32_t& global : function.writes) global = numbers[global];
  }
}

void prune_locals(Stmt* body, Expr* condition, std::vector<sem::Local>& locals,
                  uint32_t parameters) {
  std::vector<bool> used(locals.size());
  const auto mark = [&](Expr*& e) {
    if (e->kind == Kind::local) used[e->index] = true;
  };
  for (uint32_t i = 0; i < parameters; ++i) used[i] = true;
  if (condition) sem::for_each_expr(condition, mark);
  sem::for_each_expr(body, mark);
  sem::for_each_stmt(body, [&](Stmt& s) {
    // A value that nobody reads need not be fetched; keys come with the walk anyhow.
    if (s.value_local && !used[*s.value_local]) s.value_local.reset();
    for (uint32_t key : s.keys) used[key] = true;
  });
  std::vector<sem::Local> unused_side(locals.size());
  const Renumbering numbers = keep(locals, unused_side, used);
  const auto renumber = [&](Expr*& e) {
    if (e->kind == Kind::local) e->index = numbers[e->index];
  };
  if (condition) sem::for_each_expr(condition, renumber);
  sem::for_each_expr(body, renumber);
  sem::for_each_stmt(body, [&](Stmt& s) {
    for (uint32_t& key : s.keys) key = numbers[key];
    if (s.value_local) s.value_local = numbers[*s.value_local];
  });
}

}  // namespace

void cut_overloads(sem::Program& program) {
  for (sem::Function& function : program.functions) {
    function.may_next = false;
    sem::for_each_stmt(function.body, [&](Stmt& s) {
      function.may_next = function.may_next || s.kind == Stmt::Kind::next;
    });
    const bool embedded_next = function.embedded.find("STAP_NEXT") != std::string::npos;
    function.may_next = function.may_next || embedded_next;
    if (!function.may_next) function.next_overload.reset();
  }
}

void prune(sem::Program& program, SideTables& side) {
  const Usage usage(program, side);
  std::vector<bool> functions, globals;
  for (uint32_t i = 0; i < program.functions.size(); ++i) functions.push_back(usage.is_reached(i));
  for (uint32_t i = 0; i < program.globals.size(); ++i) {
    program.globals[i].is_read = usage.reads_global(i);
    program.globals[i].is_written = usage.writes_global(i);
    globals.push_back(program.globals[i].is_read || program.globals[i].is_written);
  }
  const Renumbering functions_now = keep(program.functions, side.functions, functions);
  sem::for_each_expr(program, [&](Expr*& e) {
    if (e->kind == Kind::call) e->index = functions_now[e->index];
  });
  for (sem::Function& function : program.functions)
    if (function.next_overload) function.next_overload = functions_now[*function.next_overload];
  const Renumbering globals_now = keep(program.globals, side.globals, globals);
  renumber_globals(program, side, globals_now);
  for (sem::Function& f : program.functions) prune_locals(f.body, nullptr, f.locals, f.parameters);
  for (sem::Probe& p : program.probes) prune_locals(p.body, p.condition, p.locals, 0);
}

}  // namespace stapd
