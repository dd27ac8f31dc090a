// Children of the elaborated program's nodes, by reference so that a pass can replace them.
#pragma once

#include <functional>

#include "translator/elaborate/program.h"

namespace stapd::sem {

using ExprRef = std::function<void(Expr*&)>;
using StmtRef = std::function<void(Stmt*&)>;

// The direct children; absent ones (null) are left out.
void for_each_child(Expr& expr, const ExprRef& visit);
void for_each_child(Stmt& stmt, const ExprRef& visit_expr, const StmtRef& visit_stmt);

// Every expression below `expr` or `stmt`, itself included, children before parents.
void for_each_expr(Expr*& expr, const ExprRef& visit);
void for_each_expr(Stmt* stmt, const ExprRef& visit);
// Every statement, itself included, parents first.
void for_each_stmt(Stmt* stmt, const std::function<void(Stmt&)>& visit);

// Everything of a program: bodies of functions and probes, and conditions.
void for_each_expr(Program& program, const ExprRef& visit);
void for_each_stmt(Program& program, const std::function<void(Stmt&)>& visit);

}  // namespace stapd::sem
