// Children of syntax tree nodes, for walks that do not care what a node is.
#pragma once

#include <functional>

#include "translator/ast/ast.h"

namespace stapd::ast {

using ExprVisitor = std::function<void(const Expr&)>;
using StmtVisitor = std::function<void(const Stmt&)>;

// The direct children, in the order of the source. Wildcards and absent parts are left out.
void for_each_child(const Expr& expr, const ExprVisitor& visit);
void for_each_child(const Stmt& stmt, const ExprVisitor& visit_expr, const StmtVisitor& visit_stmt);

// The node and everything below it, parents first.
void walk(const Expr& expr, const ExprVisitor& visit);
void walk(const Stmt& stmt, const ExprVisitor& visit_expr, const StmtVisitor& visit_stmt = {});

}  // namespace stapd::ast
