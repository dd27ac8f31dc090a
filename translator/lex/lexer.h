// Text to tokens. Comments and blanks are gone; $1, @1, $# and @# are already replaced by the
// script's arguments, which the rest of the lexer reads as if they stood in the file.
#pragma once

#include <string>
#include <vector>

#include "translator/lex/token.h"
#include "translator/source/source_files.h"

namespace stapd {

// What a hostile script may cost.
constexpr size_t kMaxSourceBytes = 16u << 20;
constexpr size_t kMaxTokens = 2'000'000;

// The arguments of a script, and which of them it used. Tapset files have none: there `$1` is an
// error.
struct ScriptArguments {
  std::vector<std::string> values;
  std::vector<bool> used;

  explicit ScriptArguments(std::vector<std::string> v = {})
      : values(std::move(v)), used(values.size()) {}
};

struct LexOptions {
  ScriptArguments* arguments = nullptr;
  bool has_private = true;  // `private` is a keyword: since 3.0
};

TokenBuffer tokenize(const SourceFiles& files, FileId file, const LexOptions& options,
                     Diagnostics& diagnostics);

}  // namespace stapd
