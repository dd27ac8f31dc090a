#include "translator/parse/parser_impl.h"

namespace stapd {

using ast::DeclaredType;

void Parser::parse_declaration() {
  switch (peek().kind) {
    case TokenKind::kw_probe:
      return parse_probe(next());
    case TokenKind::kw_private:
      return parse_private();
    case TokenKind::kw_global:
      next();
      return parse_globals(false);
    case TokenKind::kw_function:
      next();
      return parse_function(false);
    case TokenKind::embedded_code: {
      check_embedded(peek());
      const Token& token = next();
      script_.embedded.push_back(
          script_.arena.make<ast::EmbeddedDecl>(ast::EmbeddedDecl{token, token.text}));
      return;
    }
    case TokenKind::semicolon:
      fail(DiagnosticKind::expected_declaration,
           "expected 'probe', 'global', 'private', 'function', or '%{'",
           "there are no semicolons between declarations");
    default:
      fail(DiagnosticKind::expected_declaration,
           "expected 'probe', 'global', 'private', 'function', or '%{'");
  }
}

void Parser::skip_to_declaration() {
  for (;; next()) {
    switch (peek().kind) {
      case TokenKind::end:
      case TokenKind::kw_probe:
      case TokenKind::kw_private:
      case TokenKind::kw_global:
      case TokenKind::kw_function:
        return;
      default:
        break;
    }
  }
}

void Parser::check_embedded(const Token& token) {
  if (!options_.embedded_code)
    fail_at(token, DiagnosticKind::embedded_needs_guru,
            "embedded code in unprivileged script; need stap -g");
}

// `probe a, b { }`, or an alias: `probe name = a, b { prologue }, { epilogue }`, or with += and an
// epilogue alone.
void Parser::parse_probe(const Token& keyword) {
  std::vector<ast::ProbePoint*> names, points;
  bool is_epilogue = false, want_point = true;
  while (want_point) {
    std::vector<ast::ProbePoint*> found = parse_probe_point();
    const bool defines = peek_is(TokenKind::assign) || peek_is(TokenKind::plus_assign);
    if (defines) {
      if (found.size() != 1 || !points.empty() || is_epilogue)
        fail(DiagnosticKind::bad_alias, "expected probe point specifier");
      if (found[0]->optional)
        fail_at(found[0]->token(), DiagnosticKind::bad_alias,
                "probe point alias name cannot be optional nor sufficient");
      is_epilogue = next().is(TokenKind::plus_assign);
      names.push_back(found[0]);
      continue;
    }
    points.insert(points.end(), found.begin(), found.end());
    if (peek_is(TokenKind::brace_open))
      want_point = false;
    else if (!skip_if(TokenKind::comma))
      fail(DiagnosticKind::expected_token, "expected one of ', { } = +='");
  }
  ast::Block* body = parse_block();
  if (names.empty()) {
    script_.probes.push_back(script_.arena.make<ast::ProbeDecl>(
        ast::ProbeDecl{keyword, script_.arena.copy(points), body}));
    return;
  }
  auto* alias = script_.arena.make<ast::AliasDecl>(
      ast::AliasDecl{keyword, script_.arena.copy(names), script_.arena.copy(points)});
  (is_epilogue ? alias->epilogue : alias->prologue) = body;
  if (peek_is(TokenKind::comma)) {
    if (is_epilogue)
      fail(DiagnosticKind::bad_alias, "Combined prologue and epilogue cannot be defined with '+='");
    next();
    alias->epilogue = parse_block();
  }
  script_.aliases.push_back(alias);
}

void Parser::parse_private() {
  next();
  if (skip_if(TokenKind::kw_function)) return parse_function(true);
  if (skip_if(TokenKind::kw_global) || peek_is(TokenKind::identifier)) return parse_globals(true);
  fail(DiagnosticKind::expected_declaration, "expected 'function' or identifier");
}

void Parser::parse_globals(bool is_private) {
  do {
    parse_global(is_private);
  } while (skip_if(TokenKind::comma));
  skip_if(TokenKind::semicolon);
}

void Parser::check_new_global(const Token& name, bool is_private) {
  const auto it = globals_.find(name.text);
  if (it == globals_.end()) return;
  if (it->second == is_private) fail(DiagnosticKind::duplicate_global, "duplicate global name");
  fail(DiagnosticKind::duplicate_global, "global versus private variable declaration conflict");
}

void Parser::parse_global(bool is_private) {
  if (peek_is(TokenKind::identifier)) check_new_global(peek(), is_private);
  const Token& name = expect_identifier();
  globals_.emplace(name.text, is_private);
  auto* global = script_.arena.make<ast::GlobalDecl>();
  global->token = name;
  global->name = name.text;
  global->is_private = is_private;
  global->wrap = skip_if(TokenKind::modulo);
  if (skip_if(TokenKind::bracket_open)) {
    const Token& token = peek();
    const bool negative = skip_if(TokenKind::minus);
    const int64_t size = expect_number();
    if (negative || size < 1 || size > INT32_MAX)
      fail_at(token, DiagnosticKind::bad_array_size, "array size out of range");
    global->size = static_cast<uint32_t>(size);
    expect(TokenKind::bracket_close);
    if (peek_is(TokenKind::modulo))
      fail(DiagnosticKind::expected_declaration,
           "expected 'probe', 'global', 'private', 'function', or '%{'",
           fmt::format("write the wrap sign before the size: {}%[{}]", name.text, size));
  }
  if (peek_is(TokenKind::assign)) {
    if (global->size)
      fail(DiagnosticKind::initialized_array, "only scalar globals can be initialized");
    next();
    global->init = peek_is(TokenKind::string) ? parse_string() : parse_number();
  }
  script_.globals.push_back(global);
}

DeclaredType Parser::parse_type() {
  if (skip_if(TokenKind::kw_string)) return DeclaredType::string;
  if (skip_if(TokenKind::kw_long)) return DeclaredType::integer;
  fail(DiagnosticKind::expected_type, "expected 'string' or 'long'");
}

std::vector<ast::Parameter> Parser::parse_parameters() {
  std::vector<ast::Parameter> parameters;
  expect(TokenKind::paren_open);
  while (!peek_is(TokenKind::paren_close)) {
    for (const ast::Parameter& earlier : parameters)
      if (peek_is(TokenKind::identifier) && earlier.token.text == peek().text)
        fail(DiagnosticKind::duplicate_parameter, "duplicate parameter names");
    ast::Parameter parameter{expect_identifier()};
    if (skip_if(TokenKind::colon)) parameter.type = parse_type();
    parameters.push_back(parameter);
    if (!skip_if(TokenKind::comma) && !peek_is(TokenKind::paren_close))
      fail(DiagnosticKind::expected_token, "expected ',' or ')'");
  }
  next();
  return parameters;
}

std::optional<int64_t> Parser::parse_priority() {
  if (!skip_if(TokenKind::colon)) return std::nullopt;
  const bool negative = skip_if(TokenKind::minus);
  if (!peek_is(TokenKind::number))
    fail(DiagnosticKind::expected_number, "expected literal number",
         peek().is_keyword() ? "the type of the result stands behind the name: function f:long(a)"
                             : "");
  const int64_t priority = number_value(peek());
  if (negative || priority < 1)
    fail(DiagnosticKind::bad_priority, "specified priority must be > 0");
  next();
  return priority;
}

ast::Stmt* Parser::parse_function_body() {
  if (!peek_is(TokenKind::embedded_code)) {
    in_function_ = true;
    ast::Stmt* body = parse_block();
    in_function_ = false;
    return body;
  }
  check_embedded(peek());
  const Token& token = next();
  auto* body = make<ast::EmbeddedStmt>(token);
  body->code = token.text;
  return body;
}

void Parser::parse_function(bool is_private) {
  // `string` and `long` are fit names for functions.
  const Token& name =
      peek_is(TokenKind::kw_string) || peek_is(TokenKind::kw_long) ? next() : expect_identifier();
  auto* function = script_.arena.make<ast::FunctionDecl>();
  function->token = name;
  function->name = name.text;
  function->is_private = is_private;
  if (skip_if(TokenKind::colon)) function->type = parse_type();
  function->parameters = script_.arena.copy(parse_parameters());
  function->priority = parse_priority();
  function->body = parse_function_body();
  script_.functions.push_back(function);
}

}  // namespace stapd
