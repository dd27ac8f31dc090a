// Syntax trees as text, in the form that `stap -p1` prints.
#pragma once

#include <string>
#include <string_view>

#include "translator/ast/ast.h"

namespace stapd::ast {

std::string print_script(const Script& script, std::string_view file_name);
std::string print_expr(const Expr& expr);
std::string print_stmt(const Stmt& stmt);
std::string print_point(const ProbePoint& point);
// A component alone: `function("x")`.
std::string print_component(const ProbePointComponent& component);

}  // namespace stapd::ast
