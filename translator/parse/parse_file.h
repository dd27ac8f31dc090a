// A file's text to its syntax tree: the lexer, the preprocessor and the parser in a row. Each goes
// to its own end, and the next one runs only when there was no fault.
#pragma once

#include <optional>

#include "translator/ast/ast.h"
#include "translator/lex/lexer.h"
#include "translator/lex/preprocessor.h"
#include "translator/parse/parser.h"
#include "translator/source/source_files.h"

namespace stapd {

struct ParseFileOptions {
  ScriptArguments* arguments = nullptr;  // of a user's script
  const MacroTable* macros = nullptr;    // of the library
  const ScriptFacts* facts = nullptr;    // must be there
  bool allow_empty = false;              // a tapset file may hold nothing for this kernel
};

std::optional<ast::Script> parse_file(SourceFiles& files, FileId file,
                                      const ParseFileOptions& options, Diagnostics& diagnostics);

// After every script of the user is parsed: a warning for each argument that none of them used.
void warn_unused_arguments(const ScriptArguments& arguments, Diagnostics& diagnostics);

}  // namespace stapd
