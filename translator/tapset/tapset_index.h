// Which public names a tapset file may define, found without parsing it: the names behind
// `function`, `global` and `probe ... =` in its tokens, whatever %( conditionals %) stand around
// them. So the index can list more than a kernel gets, never less.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "translator/lex/token.h"

namespace stapd {

// A probe alias: its components with their arguments' spelling left out.
struct IndexedAlias {
  std::vector<std::string_view> components;
};

struct TapsetFileIndex {
  std::vector<std::string_view> functions, globals;
  std::vector<IndexedAlias> aliases;
};

// `tokens` as the lexer made them. Views point where the tokens' texts do.
TapsetFileIndex index_tapset_tokens(const std::vector<Token>& tokens);

}  // namespace stapd
