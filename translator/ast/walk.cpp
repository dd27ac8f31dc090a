#include "translator/ast/walk.h"

namespace stapd::ast {
namespace {

class ChildVisitor {
 public:
  explicit ChildVisitor(const ExprVisitor& visit) : visit_(visit) {}

  void one(const Expr* e) {
    if (e) visit_(*e);
  }
  void list(ExprList exprs) {
    for (const Expr* e : exprs) one(e);
  }
  void path(const TargetPath& p) {
    for (const TargetComponent& c : p.components) one(c.index);
  }

  void of(const Integer&) {}
  void of(const String&) {}
  void of(const EmbeddedExpr&) {}
  void of(const Name&) {}
  void of(const Index& e) {
    one(e.base);
    list(e.keys);
  }
  void of(const Unary& e) { one(e.operand); }
  void of(const Binary& e) {
    one(e.left);
    one(e.right);
  }
  void of(const In& e) {
    list(e.keys);
    one(e.array);
  }
  void of(const Ternary& e) {
    one(e.condition);
    one(e.yes);
    one(e.no);
  }
  void of(const Assignment& e) {
    one(e.target);
    one(e.value);
  }
  void of(const Step& e) { one(e.operand); }
  void of(const Call& e) { list(e.args); }
  void of(const Print& e) { list(e.args); }
  void of(const Statistic& e) { one(e.statistic); }
  void of(const Histogram& e) { one(e.statistic); }
  void of(const Target& e) { path(e.path); }
  void of(const Cast& e) {
    one(e.operand);
    path(e.path);
  }
  void of(const TargetGlobal& e) { path(e.path); }
  void of(const Autocast& e) {
    one(e.operand);
    path(e.path);
  }
  void of(const Defined& e) { one(e.operand); }
  void of(const ProbeWrite&) {}
  void of(const Entry& e) { one(e.operand); }
  void of(const Perf&) {}
  void of(const Constant&) {}
  void of(const Enumerator&) {}
  void of(const EnumeratorName& e) { one(e.operand); }
  void of(const TargetRegister&) {}
  void of(const Dereference& e) { one(e.address); }

 private:
  const ExprVisitor& visit_;
};

}  // namespace

void for_each_child(const Expr& expr, const ExprVisitor& visit) {
  ChildVisitor children(visit);
  switch (expr.kind) {
#define STAPD_EXPR(kind, Type) \
  case ExprKind::kind:         \
    return children.of(as<Type>(expr));
#include "translator/ast/node_kind.def"
  }
}

void for_each_child(const Stmt& stmt, const ExprVisitor& visit_expr,
                    const StmtVisitor& visit_stmt) {
  ChildVisitor exprs(visit_expr);
  switch (stmt.kind) {
    case StmtKind::null:
    case StmtKind::next:
    case StmtKind::break_:
    case StmtKind::continue_:
    case StmtKind::embedded_stmt:
      return;
    case StmtKind::block:
      for (const Stmt* s : as<Block>(stmt).body) visit_stmt(*s);
      return;
    case StmtKind::expression:
      return exprs.one(as<ExprStmt>(stmt).expr);
    case StmtKind::if_: {
      const If& s = as<If>(stmt);
      exprs.one(s.condition);
      visit_stmt(*s.then);
      if (s.otherwise) visit_stmt(*s.otherwise);
      return;
    }
    case StmtKind::loop: {
      const Loop& s = as<Loop>(stmt);
      exprs.one(s.init);
      exprs.one(s.condition);
      exprs.one(s.step);
      return visit_stmt(*s.body);
    }
    case StmtKind::foreach: {
      const Foreach& s = as<Foreach>(stmt);
      exprs.one(s.value);
      for (const Name* key : s.keys) exprs.one(key);
      exprs.one(s.base);
      exprs.list(s.slice);
      exprs.one(s.limit);
      return visit_stmt(*s.body);
    }
    case StmtKind::try_: {
      const Try& s = as<Try>(stmt);
      visit_stmt(*s.body);
      exprs.one(s.variable);
      return visit_stmt(*s.handler);
    }
    case StmtKind::return_:
      return exprs.one(as<Return>(stmt).value);
    case StmtKind::delete_:
      return exprs.one(as<Delete>(stmt).operand);
  }
}

void walk(const Expr& expr, const ExprVisitor& visit) {
  visit(expr);
  for_each_child(expr, [&](const Expr& child) { walk(child, visit); });
}

void walk(const Stmt& stmt, const ExprVisitor& visit_expr, const StmtVisitor& visit_stmt) {
  if (visit_stmt) visit_stmt(stmt);
  for_each_child(
      stmt, [&](const Expr& child) { walk(child, visit_expr); },
      [&](const Stmt& child) { walk(child, visit_expr, visit_stmt); });
}

}  // namespace stapd::ast
