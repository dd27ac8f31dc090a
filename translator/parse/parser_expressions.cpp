#include "translator/parse/parser_impl.h"

namespace stapd {
namespace {

bool is_assignment(TokenKind kind) {
  switch (kind) {
    case TokenKind::assign:
    case TokenKind::accumulate:
    case TokenKind::plus_assign:
    case TokenKind::minus_assign:
    case TokenKind::times_assign:
    case TokenKind::divide_assign:
    case TokenKind::modulo_assign:
    case TokenKind::shift_left_assign:
    case TokenKind::shift_right_assign:
    case TokenKind::and_assign:
    case TokenKind::xor_assign:
    case TokenKind::or_assign:
    case TokenKind::concat_assign:
      return true;
    default:
      return false;
  }
}

bool is_comparison(TokenKind kind) {
  return kind == TokenKind::less || kind == TokenKind::greater || kind == TokenKind::less_equal ||
         kind == TokenKind::greater_equal || kind == TokenKind::equal ||
         kind == TokenKind::not_equal;
}

// || && | ^ &, loosest first; all left-associative.
constexpr TokenKind kLogicalLevels[] = {TokenKind::logical_or, TokenKind::logical_and,
                                        TokenKind::bit_or, TokenKind::bit_xor, TokenKind::bit_and};
constexpr int kLastLogical = 4;

// Shifts, then `.`, which binds tighter than a shift and looser than +, then + - and * / %.
constexpr int kLastArithmetic = 3;
bool is_arithmetic(TokenKind kind, int level) {
  switch (kind) {
    case TokenKind::shift_left:
    case TokenKind::shift_right:
    case TokenKind::shift_right_logical:
      return level == 0;
    case TokenKind::dot:
      return level == 1;
    case TokenKind::plus:
    case TokenKind::minus:
      return level == 2;
    case TokenKind::times:
    case TokenKind::divide:
    case TokenKind::modulo:
      return level == 3;
    default:
      return false;
  }
}

}  // namespace

ast::Expr* Parser::parse_expression() {
  const Nesting nesting(*this, kExprDepth);
  ast::Expr* left = parse_ternary();
  if (!is_assignment(peek().kind)) return left;
  auto* assignment = make<ast::Assignment>(next());
  assignment->op = assignment->token.kind;
  assignment->target = left;
  assignment->value = parse_expression();
  return assignment;
}

ast::Expr* Parser::parse_ternary() {
  ast::Expr* condition = parse_logical(0);
  if (!peek_is(TokenKind::question)) return condition;
  const Nesting nesting(*this, 1);
  auto* ternary = make<ast::Ternary>(next());
  ternary->condition = condition;
  ternary->yes = parse_expression();
  expect(TokenKind::colon);
  ternary->no = parse_ternary();
  return ternary;
}

ast::Expr* Parser::make_binary(const Token& op, ast::Expr* left, ast::Expr* right) {
  auto* binary = make<ast::Binary>(op);
  binary->op = op.kind;
  binary->left = left;
  binary->right = right;
  return binary;
}

// A long chain is a deep tree, which every later phase walks.
void Parser::check_chain(size_t length) {
  if (length > kMaxOperatorChain)
    fail(DiagnosticKind::nested_too_deep, "expression has too many operators in a row");
}

ast::Expr* Parser::parse_logical(int level) {
  if (level > kLastLogical) return parse_in();
  ast::Expr* left = parse_logical(level + 1);
  for (size_t length = 1; peek_is(kLogicalLevels[level]); check_chain(++length)) {
    const Token& op = next();
    left = make_binary(op, left, parse_logical(level + 1));
  }
  return left;
}

// `key in array`, `[key, *] in array`, or just the key.
ast::Expr* Parser::parse_in() {
  std::vector<ast::Expr*> keys;
  if (!skip_if(TokenKind::bracket_open)) {
    ast::Expr* key = parse_comparison();
    if (!peek_is(TokenKind::kw_in)) return key;
    keys.push_back(key);
  } else {
    const Nesting nesting(*this, kExprDepth);
    do {
      keys.push_back(skip_if(TokenKind::times) ? nullptr : parse_comparison());
    } while (skip_if(TokenKind::comma));
    if (!skip_if(TokenKind::bracket_close))
      fail(DiagnosticKind::expected_token, "expected ',' or ']'");
    if (!peek_is(TokenKind::kw_in)) {
      if (keys.size() == 1 && keys[0]) return keys[0];
      fail(DiagnosticKind::unexpected_list, "unexpected comma-separated expression list");
    }
  }
  auto* in = make<ast::In>(next());
  in->keys = script_.arena.copy(keys);
  in->array = parse_indexable();
  return in;
}

// One regular expression, or any number of comparisons.
ast::Expr* Parser::parse_comparison() {
  ast::Expr* left = parse_arithmetic(0);
  if (peek_is(TokenKind::matches) || peek_is(TokenKind::not_matches)) {
    const Token& op = next();
    if (!peek_is(TokenKind::string))
      fail(DiagnosticKind::expected_string, "expected literal string",
           "the right side of =~ is compiled before the script runs");
    return make_binary(op, left, parse_string());
  }
  for (size_t length = 1; is_comparison(peek().kind); check_chain(++length)) {
    const Token& op = next();
    left = make_binary(op, left, parse_arithmetic(0));
  }
  return left;
}

ast::Expr* Parser::parse_arithmetic(int level) {
  if (level > kLastArithmetic) return parse_unary();
  ast::Expr* left = parse_arithmetic(level + 1);
  for (size_t length = 1; is_arithmetic(peek().kind, level); check_chain(++length)) {
    const Token& op = next();
    left = make_binary(op, left, parse_arithmetic(level + 1));
  }
  return left;
}

ast::Expr* Parser::parse_unary() {
  if (!peek_is(TokenKind::plus) && !peek_is(TokenKind::minus) && !peek_is(TokenKind::logical_not) &&
      !peek_is(TokenKind::bit_not))
    return parse_step();
  const Nesting nesting(*this, 1);
  auto* unary = make<ast::Unary>(next());
  unary->op = unary->token.kind;
  unary->operand = parse_unary();
  return unary;
}

ast::Expr* Parser::parse_step() {
  const auto is_step = [&] {
    return peek_is(TokenKind::increment) || peek_is(TokenKind::decrement);
  };
  if (is_step()) {
    auto* step = make<ast::Step>(next());
    step->prefix = true;
    step->increment = step->token.is(TokenKind::increment);
    step->operand = parse_path();
    return step;
  }
  ast::Expr* operand = parse_path();
  if (!is_step()) return operand;
  auto* step = make<ast::Step>(next());
  step->increment = step->token.is(TokenKind::increment);
  step->operand = operand;
  return step;
}

ast::Expr* Parser::parse_value() {
  switch (peek().kind) {
    case TokenKind::paren_open: {
      const Nesting nesting(*this, 1);
      next();
      ast::Expr* inner = parse_expression();
      expect(TokenKind::paren_close);
      return inner;
    }
    case TokenKind::embedded_code: {
      if (!options_.embedded_code)
        fail(DiagnosticKind::embedded_needs_guru,
             "embedded expression code in unprivileged script; need stap -g");
      auto* embedded = make<ast::EmbeddedExpr>(peek());
      embedded->code = next().text;
      return embedded;
    }
    case TokenKind::string:
      return parse_string();
    case TokenKind::at_word:
      return parse_at_word();
    case TokenKind::identifier:
      return parse_word();
    default:
      return parse_number();
  }
}

// A number, with a sign where no expression is parsed.
ast::Expr* Parser::parse_number() {
  const Token& first = peek();
  const bool negative = peek_is(TokenKind::minus) && peek(1).is(TokenKind::number);
  if (negative) next();
  if (!peek_is(TokenKind::number))
    fail(DiagnosticKind::expected_literal, "expected literal string or number",
         peek().is_keyword() ? fmt::format("'{}' is a keyword of the language", peek().text) : "");
  auto* number = make<ast::Integer>(first);
  const auto value = static_cast<uint64_t>(number_value(peek()));
  number->value = static_cast<int64_t>(negative ? 0 - value : value);
  next();
  return number;
}

// Adjacent literals are one.
ast::String* Parser::parse_string() {
  auto* literal = make<ast::String>(peek());
  literal->spelling = next().text;
  if (!peek_is(TokenKind::string)) return literal;
  std::string joined(literal->spelling);
  while (peek_is(TokenKind::string)) joined += next().text;
  literal->spelling = script_.joined.emplace_back(std::move(joined));
  return literal;
}

ast::Expr* Parser::parse_word() {
  const Token& token = next();
  if (token.text.starts_with("$")) return parse_target(token);
  if (ast::Expr* print = parse_print(token)) return print;
  if (peek_is(TokenKind::paren_open)) return parse_call(token);
  auto* name = make<ast::Name>(token);
  name->name = token.text;
  if (peek_is(TokenKind::bracket_open)) return parse_index(name, token);
  return name;
}

ast::Expr* Parser::parse_call(const Token& name) {
  auto* call = make<ast::Call>(name);
  call->name = name.text;
  next();
  call->args = parse_expression_list(TokenKind::paren_close);
  return call;
}

// Up to and with `close`.
ast::ExprList Parser::parse_expression_list(TokenKind close) {
  std::vector<ast::Expr*> list;
  if (skip_if(close)) return {};
  do {
    list.push_back(parse_expression());
  } while (skip_if(TokenKind::comma));
  if (!skip_if(close))
    fail(DiagnosticKind::expected_token, fmt::format("expected one of ', {}'", info(close).text));
  return script_.arena.copy(list);
}

ast::Expr* Parser::parse_index(ast::Expr* base, const Token& token) {
  auto* index = make<ast::Index>(token);
  index->base = base;
  next();
  std::vector<ast::Expr*> keys;
  do {
    keys.push_back(skip_if(TokenKind::times) ? nullptr : parse_expression());
  } while (skip_if(TokenKind::comma));
  if (!skip_if(TokenKind::bracket_close))
    fail(DiagnosticKind::expected_token, "expected ',' or ']'");
  index->keys = script_.arena.copy(keys);
  return index;
}

// What `in` and foreach walk over: an array, or a histogram.
ast::Expr* Parser::parse_indexable() {
  const Token& token = peek();
  if (skip_if(TokenKind::identifier)) {
    auto* name = make<ast::Name>(token);
    name->name = token.text;
    return name;
  }
  if (token.text == "@hist_log" || token.text == "@hist_linear") return parse_histogram(next());
  fail(DiagnosticKind::expected_identifier, "expected identifier or statistical operation");
}

}  // namespace stapd
