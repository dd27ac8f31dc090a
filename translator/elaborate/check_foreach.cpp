#include <algorithm>

#include "translator/elaborate/check_program.h"
#include "translator/elaborate/usage.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

class ForeachCheck {
 public:
  ForeachCheck(const sem::Program& program, const Usage& usage, Diagnostics& diagnostics)
      : program_(program), usage_(usage), diagnostics_(diagnostics) {}

  void stmt(const Stmt& s) {
    if (s.kind == Stmt::Kind::remove && !open_.empty()) {
      if (s.expr->kind == Kind::element) modified(s.expr->index, *s.expr);
      for (const Expr* key : s.expr->args)
        if (key) expr(*key);
    } else if (s.expr && s.kind != Stmt::Kind::foreach) {
      expr(*s.expr);
    }
    for (const Expr* e : {s.init, s.step})
      if (e) expr(*e);
    const bool walks = s.kind == Stmt::Kind::foreach;
    if (walks) open_.push_back(s.index);
    for (const Stmt* child : s.body)
      if (child) stmt(*child);
    if (walks) open_.pop_back();
  }

 private:
  bool is_open(uint32_t global) const { return std::ranges::find(open_, global) != open_.end(); }

  void modified(uint32_t global, const Expr& at) {
    if (is_open(global))
      diagnostics_.add(DiagnosticKind::foreach_modification, {at.where, at.token},
                       fmt::format("variable '{}' modified during 'foreach' iteration",
                                   program_.globals[global].name));
  }

  void expr(const Expr& e) {
    if (open_.empty()) return;
    switch (e.kind) {
      case Kind::assign:
      case Kind::update:
      case Kind::increment:
      case Kind::accumulate:
        if (e.args[0]->kind == Kind::element) modified(e.args[0]->index, *e.args[0]);
        break;
      case Kind::call:
        call(e);
        break;
      default:
        break;
    }
    for (const Expr* child : e.args)
      if (child) expr(*child);
  }

  void call(const Expr& e) {
    for (uint32_t global : open_)
      if (usage_.direct_effects(e.index).writes[global])
        diagnostics_.add(DiagnosticKind::foreach_modification, {e.where, e.token},
                         fmt::format("function call modifies var '{}' during 'foreach' iteration",
                                     program_.globals[global].name));
  }

  const sem::Program& program_;
  const Usage& usage_;
  Diagnostics& diagnostics_;
  std::vector<uint32_t> open_;  // globals that are walked over
};

}  // namespace

void check_foreach(const sem::Program& program, const SideTables& side, Diagnostics& diagnostics) {
  const Usage usage(program, side);
  ForeachCheck check(program, usage, diagnostics);
  for (const sem::Function& f : program.functions)
    if (f.body) check.stmt(*f.body);
  for (const sem::Probe& p : program.probes)
    if (p.body) check.stmt(*p.body);
}

}  // namespace stapd
