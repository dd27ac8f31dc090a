#include "ctl/filter/parse_where.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "runtime/base/result.h"

namespace stapd::ctl {
namespace {

// Deeper than anybody writes; the parser calls itself.
constexpr int kMaxDepth = 100;

template <class T>
using WhereResult = tl::expected<T, WhereError>;

struct Token {
  enum class Kind : uint8_t {
    end,
    word,
    number,
    string,
    comparison,
    conjunction,
    disjunction,
    negation,
    open,
    close
  };
  Kind kind = Kind::end;
  size_t at = 0;
  std::string text;  // of a string: what it means
  int64_t number = 0;
  Comparison comparison = Comparison::equal;
};

struct Symbol {
  std::string_view text;
  Token::Kind kind;
  Comparison comparison = Comparison::equal;
};

// Longer ones first.
constexpr Symbol kSymbols[] = {
    {"==", Token::Kind::comparison, Comparison::equal},
    {"=~", Token::Kind::comparison, Comparison::matches},
    {"!=", Token::Kind::comparison, Comparison::unequal},
    {"!~", Token::Kind::comparison, Comparison::does_not_match},
    {"<=", Token::Kind::comparison, Comparison::less_or_equal},
    {">=", Token::Kind::comparison, Comparison::greater_or_equal},
    {"&&", Token::Kind::conjunction},
    {"||", Token::Kind::disjunction},
    {"=", Token::Kind::comparison, Comparison::equal},
    {"<", Token::Kind::comparison, Comparison::less},
    {">", Token::Kind::comparison, Comparison::greater},
    {"!", Token::Kind::negation},
    {"(", Token::Kind::open},
    {")", Token::Kind::close},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_./:*-").find(c) != std::string_view::npos;
}

// The whole of `text` as a number; hex and a sign are fine.
std::optional<int64_t> number_of(std::string_view text) {
  bool negative = text.starts_with("-");
  if (negative) text.remove_prefix(1);
  bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return static_cast<int64_t>(negative ? -value : value);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  WhereResult<Token> next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    Token token;
    token.at = at_;
    if (at_ == text_.size()) return token;
    if (text_[at_] == '"' || text_[at_] == '\'') return string(std::move(token));
    for (const Symbol& symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol.text)) continue;
      at_ += symbol.text.size();
      token.kind = symbol.kind;
      token.text = symbol.text;
      token.comparison = symbol.comparison;
      return token;
    }
    if (!is_word(text_[at_]))
      return error(at_, fmt::format("'{}' has no meaning here; strings stand in \"\"", text_[at_]));
    return word(std::move(token));
  }

 private:
  static tl::unexpected<WhereError> error(size_t at, std::string message) {
    return tl::unexpected(WhereError{at, std::move(message)});
  }

  WhereResult<Token> string(Token token) {
    token.kind = Token::Kind::string;
    char quote = text_[at_++];
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      // Other backslashes stand for themselves: they belong to regular expressions.
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == quote) ++at_;
      token.text += text_[at_];
    }
    if (at_ == text_.size()) return error(token.at, "this string has no end");
    ++at_;
    return token;
  }

  WhereResult<Token> word(Token token) {
    while (at_ < text_.size() && is_word(text_[at_])) token.text += text_[at_++];
    token.kind = Token::Kind::word;
    if (token.text == "and") token.kind = Token::Kind::conjunction;
    if (token.text == "or") token.kind = Token::Kind::disjunction;
    if (token.text == "not") token.kind = Token::Kind::negation;
    bool is_number = is_digit(token.text[0]) ||
                     (token.text[0] == '-' && token.text.size() > 1 && is_digit(token.text[1]));
    auto number = is_number ? number_of(token.text) : std::nullopt;
    bool too_large =
        is_number && token.text.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!number && too_large) return error(token.at, "this number is too large");
    if (number) {
      token.kind = Token::Kind::number;
      token.number = *number;
    }
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  WhereResult<WhereExpr> run() {
    STAPD_TRY(advance());
    STAPD_ASSIGN(WhereExpr whole, expr(0));
    if (token_.kind != Token::Kind::end)
      return error(fmt::format("expected 'and' or 'or' before {}", shown(token_)));
    return whole;
  }

 private:
  using Kind = WhereExpr::Kind;

  static std::string shown(const Token& token) {
    if (token.kind == Token::Kind::end) return "the end";
    return fmt::format("'{}'", token.text);
  }
  tl::unexpected<WhereError> error(std::string message) const {
    return tl::unexpected(WhereError{token_.at, std::move(message)});
  }
  WhereResult<void> advance() {
    STAPD_ASSIGN(token_, lexer_.next());
    return {};
  }

  WhereResult<WhereExpr> expr(int depth) {
    return joined(depth, Token::Kind::disjunction, Kind::disjunction, &Parser::all);
  }
  WhereResult<WhereExpr> all(int depth) {
    return joined(depth, Token::Kind::conjunction, Kind::conjunction, &Parser::one);
  }
  WhereResult<WhereExpr> joined(int depth, Token::Kind between, Kind kind,
                                WhereResult<WhereExpr> (Parser::*operand)(int)) {
    STAPD_ASSIGN(WhereExpr first, (this->*operand)(depth));
    if (token_.kind != between) return first;
    WhereExpr result{kind, {}, {}};
    result.operands.push_back(std::move(first));
    while (token_.kind == between) {
      STAPD_TRY(advance());
      STAPD_ASSIGN(WhereExpr next, (this->*operand)(depth));
      result.operands.push_back(std::move(next));
    }
    return result;
  }

  WhereResult<WhereExpr> one(int depth) {
    if (depth == kMaxDepth) return error("nested too deep");
    if (token_.kind == Token::Kind::negation) {
      STAPD_TRY(advance());
      STAPD_ASSIGN(WhereExpr operand, one(depth + 1));
      WhereExpr result{Kind::negation, {}, {}};
      result.operands.push_back(std::move(operand));
      return result;
    }
    if (token_.kind != Token::Kind::open) return test();
    STAPD_TRY(advance());
    STAPD_ASSIGN(WhereExpr inner, expr(depth + 1));
    if (token_.kind != Token::Kind::close)
      return error(fmt::format("expected ')' before {}", shown(token_)));
    STAPD_TRY(advance());
    return inner;
  }

  WhereResult<WhereExpr> test() {
    if (token_.kind != Token::Kind::word)
      return error(fmt::format("expected a name, as pid or comm, not {}", shown(token_)));
    WhereExpr result;
    result.test.name = token_.text;
    result.test.name_at = token_.at;
    STAPD_TRY(advance());
    if (token_.kind != Token::Kind::comparison)
      return error(fmt::format("expected ==, !=, <, <=, >, >=, =~ or !~ behind '{}', not {}",
                               result.test.name, shown(token_)));
    result.test.comparison = token_.comparison;
    STAPD_TRY(advance());
    STAPD_TRY(value(result.test));
    STAPD_TRY(advance());
    return result;
  }

  WhereResult<void> value(WhereTest& test) const {
    bool is_number = token_.kind == Token::Kind::number;
    if (!is_number && token_.kind != Token::Kind::word && token_.kind != Token::Kind::string)
      return error(fmt::format("expected a number or a string, not {}", shown(token_)));
    if (is_number && !test.is_regex())
      test.value = token_.number;
    else
      test.value = token_.text;
    test.value_at = token_.at + (token_.kind == Token::Kind::string);
    return {};
  }

  Lexer lexer_;
  Token token_;
};

}  // namespace

tl::expected<WhereExpr, WhereError> parse_where(std::string_view text) {
  return Parser(text).run();
}

std::string where_error_text(std::string_view text, const WhereError& error) {
  // What a terminal would take for more or less than one column does not move the caret.
  auto plain = [](std::string line) {
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return !std::isprint(static_cast<unsigned char>(c)); }, '?');
    return line;
  };
  return fmt::format("--where: {}\n  {}\n  {:>{}}", plain(error.message), plain(std::string(text)),
                     '^', std::min(error.position, text.size()) + 1);
}

}  // namespace stapd::ctl
