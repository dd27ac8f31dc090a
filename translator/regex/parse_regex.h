// The text of a POSIX extended regular expression to its tree, in SystemTap's dialect: `\` takes
// the special meaning from any character, in brackets too; bytes, not characters; no
// back-references, no [.a.] and [=a=].
#pragma once

#include <string_view>
#include <variant>

#include "translator/regex/regex_tree.h"

namespace stapd::regex {

std::variant<Tree, RegexError> parse_regex(std::string_view text);

}  // namespace stapd::regex
