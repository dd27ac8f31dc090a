// Tokens to tokens: takes @define away, replaces uses of macros by their bodies, and of every
// %( condition %? this %: that %) leaves the branch that holds.
#pragma once

#include "translator/lex/macro.h"
#include "translator/lex/script_facts.h"
#include "translator/lex/token.h"
#include "translator/source/source_files.h"

namespace stapd {

// Macros in macros, and conditionals in conditionals.
constexpr size_t kMaxMacroDepth = 64;

// `library`: macros that every file may use; a macro of the file goes first. The result's tokens
// point into `raw` and the files too.
TokenBuffer preprocess(SourceFiles& files, const TokenBuffer& raw, const MacroTable& library,
                       const ScriptFacts& facts, Diagnostics& diagnostics);

// A file of library macros (.stpm): adds its definitions to `library`. False when the file is not
// usable; then nothing is added.
bool add_library_macros(SourceFiles& files, const TokenBuffer& raw, const ScriptFacts& facts,
                        MacroTable& library, Diagnostics& diagnostics);

}  // namespace stapd
