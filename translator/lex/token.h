// A token: what the lexer and the preprocessor hand on. Texts point into the source files or into
// the TokenBuffer that owns the token.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "translator/source/diagnostics.h"
#include "translator/source/location.h"

namespace stapd {

enum class TokenKind : uint8_t {
#define STAPD_TOKEN(name, group) name,
#define STAPD_OPERATOR(name, text) name,
#define STAPD_KEYWORD(name, text) name,
#include "translator/lex/token_kind.def"
};

struct TokenKindInfo {
  enum class Group : uint8_t {
    end,
    junk,
    identifier,
    operator_,
    number,
    string,
    embedded_code,
    keyword
  };
  const char* name;
  std::string_view text;  // of operators and keywords
  Group group;
};
const TokenKindInfo& info(TokenKind kind);
constexpr size_t kTokenKinds = 0
#define STAPD_TOKEN(name, group) +1
#define STAPD_OPERATOR(name, text) +1
#define STAPD_KEYWORD(name, text) +1
#include "translator/lex/token_kind.def"
    ;

struct Token {
  TokenKind kind = TokenKind::end;
  bool glued = false;  // no blank, comment or macro stands between it and the token before
  SourceLocation where;
  std::string_view text;

  bool is(TokenKind k) const { return kind == k; }
  bool is_keyword() const { return info(kind).group == TokenKindInfo::Group::keyword; }
};

// As messages name it: "identifier 'x'"; a keyword and embedded code by their group alone.
std::string describe(const Token& token);
inline Place place_of(const Token& token) { return {token.where, describe(token)}; }

struct TokenBuffer {
  std::vector<Token> tokens;      // the last one is `end`
  std::deque<std::string> texts;  // of tokens that no file spells out

  std::string_view keep(std::string text) {
    texts.push_back(std::move(text));
    return texts.back();
  }
};

}  // namespace stapd
