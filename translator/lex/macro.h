// @define NAME %( body %) and @define NAME(a, b) %( body %).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "translator/lex/token.h"

namespace stapd {

struct Macro {
  Token name;  // the identifier in its definition
  std::vector<std::string_view> parameters;
  bool takes_arguments() const { return !parameters.empty(); }
  std::vector<Token> body;
};

// By name, without the @.
using MacroTable = std::unordered_map<std::string_view, Macro>;

// The language's own operators, without the @.
const std::vector<std::string>& builtin_at_words();

}  // namespace stapd
