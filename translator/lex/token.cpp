#include "translator/lex/token.h"

#include <fmt/core.h>

#include <cctype>

namespace stapd {
namespace {

using Group = TokenKindInfo::Group;

constexpr TokenKindInfo kKinds[] = {
#define STAPD_TOKEN(name, group) {#name, "", Group::group},
#define STAPD_OPERATOR(name, text) {#name, text, Group::operator_},
#define STAPD_KEYWORD(name, text) {#name, text, Group::keyword},
#include "translator/lex/token_kind.def"
};

// Bytes of the script that a terminal should not see are written as \xNN.
std::string visible(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out;
  for (unsigned char c : text.substr(0, kMost)) {
    if (c >= ' ' && c < 0x7f)
      out += static_cast<char>(c);
    else
      out += fmt::format("\\x{:02x}", c);
  }
  if (text.size() > kMost) out += "...";
  return out;
}

}  // namespace

const TokenKindInfo& info(TokenKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string describe(const Token& token) {
  switch (info(token.kind).group) {
    case Group::end:
      return "end of file";
    case Group::junk: {
      if (token.is(TokenKind::missing_argument)) return "junk ''";
      const bool punctuation =
          !token.text.empty() && std::ispunct(static_cast<unsigned char>(token.text[0]));
      return fmt::format("{} '{}'", punctuation ? "operator" : "junk", visible(token.text));
    }
    case Group::identifier:
      return fmt::format("identifier '{}'", visible(token.text));
    case Group::operator_:
      return fmt::format("operator '{}'", visible(token.text));
    case Group::number:
      return fmt::format("number '{}'", visible(token.text));
    case Group::string:
      return fmt::format("string '{}'", visible(token.text));
    case Group::embedded_code:
      return "embedded-code";
    case Group::keyword:
      return "keyword";
  }
  return "";
}

}  // namespace stapd
