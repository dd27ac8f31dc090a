// Bodies of the elaborated program as text, close to the script language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "translator/elaborate/program.h"

namespace stapd {

std::string print_body(const sem::Program& program, const std::vector<sem::Local>& locals,
                       const sem::Stmt& body);
std::string print_expr(const sem::Program& program, const std::vector<sem::Local>& locals,
                       const sem::Expr& expr);

// In double quotes, with C escapes.
std::string quote_text(std::string_view text);

}  // namespace stapd
