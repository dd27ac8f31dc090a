// The library macros: every .stpm file of the tapset folders.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "translator/lex/preprocessor.h"

namespace stapd {

class MacroLibrary {
 public:
  // Reads the files into `files`. What is wrong with one of them is reported, and its macros are
  // left out.
  MacroLibrary(SourceFiles& files, const std::vector<std::string>& tapset_paths,
               const ScriptFacts& facts, Diagnostics& diagnostics);
  MacroLibrary(const MacroLibrary&) = delete;
  MacroLibrary& operator=(const MacroLibrary&) = delete;

  const MacroTable& macros() const { return macros_; }

 private:
  std::deque<TokenBuffer> buffers_;  // what the macros' bodies point into
  MacroTable macros_;
};

}  // namespace stapd
