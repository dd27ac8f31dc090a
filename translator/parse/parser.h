// Tokens to the syntax tree of one file.
#pragma once

#include "translator/ast/ast.h"
#include "translator/lex/token.h"

namespace stapd {

// What a hostile script may cost. A statement in a statement is one level, an expression in an
// expression several: they need more stack.
constexpr int kMaxParseDepth = 1024;
constexpr int kExprDepth = 4;
constexpr size_t kMaxOperatorChain = 2000;      // a + b + c ...
constexpr size_t kMaxExpandedPoints = 100'000;  // of one probe's braces

struct ParseOptions {
  bool embedded_code = false;  // allowed: -g, and in tapset files
};

// `tokens` and what they point into must live as long as the script. With faults the script holds
// the declarations that have none.
ast::Script parse_tokens(FileId file, const TokenBuffer& tokens, const ParseOptions& options,
                         Diagnostics& diagnostics);

}  // namespace stapd
