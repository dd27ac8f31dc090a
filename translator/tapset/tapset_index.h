// Which public names a tapset file may define, found without lexing or parsing it: the names behind
// `function`, `global` and `probe ... =` in its text, whatever %( conditionals %) stand around
// them. So the index can list more than a kernel gets, never less. It takes a tenth of what tokens
// would.
#pragma once

#include <string_view>
#include <vector>

namespace stapd {

// A probe alias: its components with their arguments' spelling left out.
struct IndexedAlias {
  std::vector<std::string_view> components;
};

struct TapsetFileIndex {
  std::vector<std::string_view> functions, globals;
  std::vector<IndexedAlias> aliases;
};

// Views point into `text`.
TapsetFileIndex index_tapset_text(std::string_view text);

}  // namespace stapd
