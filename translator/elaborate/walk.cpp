#include "translator/elaborate/walk.h"

namespace stapd::sem {

void for_each_child(Expr& expr, const ExprRef& visit) {
  for (Expr*& child : expr.args)
    if (child) visit(child);
}

void for_each_child(Stmt& stmt, const ExprRef& visit_expr, const StmtRef& visit_stmt) {
  for (Expr** child : {&stmt.init, &stmt.expr, &stmt.step, &stmt.limit, &stmt.catch_target})
    if (*child) visit_expr(*child);
  for (Expr*& part : stmt.slice)
    if (part) visit_expr(part);
  for (Stmt*& child : stmt.body)
    if (child) visit_stmt(child);
}

void for_each_expr(Expr*& expr, const ExprRef& visit) {
  for_each_child(*expr, [&](Expr*& child) { for_each_expr(child, visit); });
  visit(expr);
}

void for_each_expr(Stmt* stmt, const ExprRef& visit) {
  if (!stmt) return;
  for_each_child(
      *stmt, [&](Expr*& child) { for_each_expr(child, visit); },
      [&](Stmt*& child) { for_each_expr(child, visit); });
}

void for_each_stmt(Stmt* stmt, const std::function<void(Stmt&)>& visit) {
  if (!stmt) return;
  visit(*stmt);
  for (Stmt* child : stmt->body) for_each_stmt(child, visit);
}

void for_each_expr(Program& program, const ExprRef& visit) {
  for (Function& function : program.functions) for_each_expr(function.body, visit);
  for (Probe& probe : program.probes) {
    if (probe.condition) for_each_expr(probe.condition, visit);
    for_each_expr(probe.body, visit);
  }
}

void for_each_stmt(Program& program, const std::function<void(Stmt&)>& visit) {
  for (Function& function : program.functions) for_each_stmt(function.body, visit);
  for (Probe& probe : program.probes) for_each_stmt(probe.body, visit);
}

}  // namespace stapd::sem
