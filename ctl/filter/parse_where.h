// The little language of --where:
//
//   expr  = all { ("or" | "||") all }
//   all   = one { ("and" | "&&") one }
//   one   = ("not" | "!") one | "(" expr ")" | NAME COMPARISON VALUE
//   COMPARISON is ==  =  !=  <  <=  >  >=  =~  !~
//   VALUE is a number (0x.. too), a "string" with \" and \\, or a word of letters, digits and
//   _./:*-
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "ctl/filter/where_expr.h"

namespace stapd::ctl {

tl::expected<WhereExpr, WhereError> parse_where(std::string_view text);

// The message, the text below it, and a caret where it is wrong.
std::string where_error_text(std::string_view text, const WhereError& error);

}  // namespace stapd::ctl
