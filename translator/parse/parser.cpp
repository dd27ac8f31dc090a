#include "translator/parse/parser.h"

#include "translator/lex/number.h"
#include "translator/parse/parser_impl.h"

namespace stapd {

const Token& Parser::expect(TokenKind kind) {
  if (!peek_is(kind))
    fail(DiagnosticKind::expected_token, fmt::format("expected '{}'", info(kind).text));
  return next();
}

const Token& Parser::expect_identifier() {
  if (!peek_is(TokenKind::identifier))
    fail(DiagnosticKind::expected_identifier, "expected identifier",
         peek().is_keyword()
             ? fmt::format("'{}' is a keyword of the language; choose another name", peek().text)
             : "");
  return next();
}

std::string_view Parser::expect_string() {
  if (!peek_is(TokenKind::string)) fail(DiagnosticKind::expected_string, "expected string");
  return parse_string()->spelling;
}

int64_t Parser::expect_number() {
  if (!peek_is(TokenKind::number)) fail(DiagnosticKind::expected_number, "expected number");
  const int64_t value = number_value(peek());
  next();
  return value;
}

// Fails at the number, which is the next token or was the last one.
int64_t Parser::number_value(const Token& token) {
  const std::optional<int64_t> value = stapd::parse_number(token.text);
  if (!value) fail_at(token, DiagnosticKind::bad_number, "number invalid or out of range");
  return *value;
}

void Parser::fail(DiagnosticKind kind, std::string message, std::string hint) {
  Diagnostic d{kind, std::move(message), place_of(peek()), Diagnostic::Relation::saw,
               {},   std::move(hint)};
  diagnostics_.add(std::move(d));
  throw ParseFailure{};
}

void Parser::fail_at(const Token& token, DiagnosticKind kind, std::string message) {
  diagnostics_.add(kind, place_of(token), std::move(message));
  throw ParseFailure{};
}

Parser::Nesting::Nesting(Parser& parser, int levels) : parser_(parser), levels_(levels) {
  if (parser_.depth_ + levels > kMaxParseDepth)
    parser_.fail(DiagnosticKind::nested_too_deep, "statements or expressions are nested too deep");
  parser_.depth_ += levels_;
}

ast::Script Parser::run() {
  while (!peek_is(TokenKind::end)) {
    try {
      parse_declaration();
    } catch (const ParseFailure&) {
      in_function_ = false;
      skip_to_declaration();
    }
  }
  return std::move(script_);
}

ast::Script parse_tokens(FileId file, const TokenBuffer& tokens, const ParseOptions& options,
                         Diagnostics& diagnostics) {
  return Parser(file, tokens.tokens, options, diagnostics).run();
}

}  // namespace stapd
