#include "translator/ast/ast.h"

namespace stapd::ast {
namespace {

constexpr const char* kExprNames[] = {
#define STAPD_EXPR(kind, Type) #kind,
#include "translator/ast/node_kind.def"
};
constexpr const char* kStmtNames[] = {
#define STAPD_STMT(kind, Type) #kind,
#include "translator/ast/node_kind.def"
};

int digit_of(char c, int base) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value < base ? value : -1;
}

// Reads up to `most` digits at `at`.
unsigned read_code(std::string_view s, size_t& at, int base, size_t most) {
  unsigned code = 0;
  for (size_t n = 0; n < most && at < s.size() && digit_of(s[at], base) >= 0; ++n)
    code = code * static_cast<unsigned>(base) + static_cast<unsigned>(digit_of(s[at++], base));
  return code;
}

char simple_escape(char c) {
  static constexpr std::string_view kFrom = "abfnrtv\\", kTo = "\a\b\f\n\r\t\v\\";
  const size_t i = kFrom.find(c);
  return i == kFrom.npos ? c : kTo[i];
}

}  // namespace

const char* kind_name(ExprKind kind) { return kExprNames[static_cast<size_t>(kind)]; }
const char* kind_name(StmtKind kind) { return kStmtNames[static_cast<size_t>(kind)]; }

std::string decode_string(std::string_view s) {
  std::string bytes;
  for (size_t i = 0; i < s.size();) {
    char c = s[i++];
    if (c == '\\' && i < s.size()) {
      if (digit_of(s[i], 8) >= 0) {
        c = static_cast<char>(read_code(s, i, 8, 3));
      } else if (s[i] == 'x') {
        ++i;
        c = static_cast<char>(read_code(s, i, 16, s.size()));
      } else {
        c = simple_escape(s[i++]);
      }
    }
    if (c == '\0') break;
    bytes += c;
  }
  return bytes;
}

}  // namespace stapd::ast
