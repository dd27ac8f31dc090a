#include "translator/parse/parser_impl.h"

namespace stapd {

using ast::Foreach;

ast::Block* Parser::parse_block() {
  const Nesting nesting(*this, 1);
  auto* block = make<ast::Block>(peek());
  expect(TokenKind::brace_open);
  std::vector<ast::Stmt*> body;
  while (!skip_if(TokenKind::brace_close)) body.push_back(parse_statement());
  block->body = script_.arena.copy(body);
  return block;
}

ast::Stmt* Parser::parse_statement() {
  const Nesting nesting(*this, 1);
  switch (peek().kind) {
    case TokenKind::semicolon:
      return make<ast::NullStmt>(next());
    case TokenKind::brace_open:
      return parse_block();
    case TokenKind::kw_if:
      return parse_if();
    case TokenKind::kw_while:
      return parse_while();
    case TokenKind::kw_for:
      return parse_for();
    case TokenKind::kw_foreach:
      return parse_foreach();
    case TokenKind::kw_try:
      return parse_try();
    case TokenKind::end:
      fail(DiagnosticKind::expected_statement, "expected statement",
           "a '}' is missing at the end of the file or before");
    default: {
      ast::Stmt* statement = parse_simple_statement();
      skip_if(TokenKind::semicolon);
      return statement;
    }
  }
}

ast::Stmt* Parser::parse_simple_statement() {
  switch (peek().kind) {
    case TokenKind::kw_return:
      return parse_return();
    case TokenKind::kw_delete:
      return parse_delete();
    case TokenKind::kw_next:
      return make<ast::Next>(next());
    case TokenKind::kw_break:
      return make<ast::Break>(next());
    case TokenKind::kw_continue:
      return make<ast::Continue>(next());
    default:
      if (peek().is_keyword() || (peek_is(TokenKind::junk)))
        fail(DiagnosticKind::expected_statement, "expected statement");
      return parse_expression_statement();
  }
}

ast::Stmt* Parser::parse_expression_statement() {
  auto* statement = make<ast::ExprStmt>(peek());
  statement->expr = parse_expression();
  return statement;
}

ast::Stmt* Parser::parse_if() {
  auto* statement = make<ast::If>(next());
  expect(TokenKind::paren_open);
  statement->condition = parse_expression();
  expect(TokenKind::paren_close);
  statement->then = parse_statement();
  if (skip_if(TokenKind::kw_else)) statement->otherwise = parse_statement();
  return statement;
}

ast::Stmt* Parser::parse_while() {
  auto* loop = make<ast::Loop>(next());
  expect(TokenKind::paren_open);
  loop->condition = parse_expression();
  expect(TokenKind::paren_close);
  loop->body = parse_statement();
  return loop;
}

ast::Stmt* Parser::parse_for() {
  auto* loop = make<ast::Loop>(next());
  expect(TokenKind::paren_open);
  if (!peek_is(TokenKind::semicolon)) loop->init = parse_expression();
  expect(TokenKind::semicolon);
  if (!peek_is(TokenKind::semicolon)) loop->condition = parse_expression();
  expect(TokenKind::semicolon);
  if (!peek_is(TokenKind::paren_close)) loop->step = parse_expression();
  expect(TokenKind::paren_close);
  loop->body = parse_statement();
  return loop;
}

// foreach (value = [key, ...] in array[slice] @op+ limit n), most of it optional.
ast::Stmt* Parser::parse_foreach() {
  auto* loop = make<Foreach>(next());
  expect(TokenKind::paren_open);
  parse_foreach_names(*loop);
  if (!peek_is(TokenKind::kw_in)) fail(DiagnosticKind::expected_token, "expected 'in'");
  next();
  parse_foreach_base(*loop);
  if (skip_if(TokenKind::kw_limit)) loop->limit = parse_expression();
  expect(TokenKind::paren_close);
  loop->body = parse_statement();
  return loop;
}

void Parser::parse_foreach_names(Foreach& loop) {
  if (!peek_is(TokenKind::bracket_open)) {
    auto* name = make<ast::Name>(peek());
    name->name = expect_identifier().text;
    const bool sorted = parse_sort(loop);
    if (!skip_if(TokenKind::assign)) {
      loop.keys = script_.arena.copy(std::vector<ast::Name*>{name});
      if (sorted) loop.sort = Foreach::Sort::by_key;
      return;
    }
    loop.value = name;
    if (sorted) loop.sort = Foreach::Sort::by_value;
  }
  parse_foreach_keys(loop);
}

void Parser::parse_foreach_keys(Foreach& loop) {
  std::vector<ast::Name*> keys;
  const bool listed = skip_if(TokenKind::bracket_open);
  for (bool more = true; more;) {
    auto* name = make<ast::Name>(peek());
    name->name = expect_identifier().text;
    if (parse_sort(loop)) {
      loop.sort = Foreach::Sort::by_key;
      loop.sort_key = keys.size();
    }
    keys.push_back(name);
    more = listed && !skip_if(TokenKind::bracket_close);
    if (more && !skip_if(TokenKind::comma))
      fail(DiagnosticKind::expected_token, "expected ',' or ']'");
  }
  loop.keys = script_.arena.copy(keys);
}

// A `+` or `-`, of which there may be one in a foreach.
bool Parser::parse_sort(Foreach& loop) {
  if (!peek_is(TokenKind::plus) && !peek_is(TokenKind::minus)) return false;
  if (loop.sort != Foreach::Sort::none)
    fail(DiagnosticKind::multiple_sorts, "multiple sort directives");
  loop.descending = next().is(TokenKind::minus);
  return true;
}

void Parser::parse_foreach_base(Foreach& loop) {
  loop.base = parse_indexable();
  if (loop.base->kind == ast::ExprKind::name && skip_if(TokenKind::bracket_open)) {
    std::vector<ast::Expr*> slice;
    do {
      slice.push_back(skip_if(TokenKind::times) ? nullptr : parse_expression());
    } while (skip_if(TokenKind::comma));
    if (!skip_if(TokenKind::bracket_close))
      fail(DiagnosticKind::expected_token, "expected ',' or ']'");
    loop.slice = script_.arena.copy(slice);
  }
  std::optional<ast::Statistic::Op> statistic;
  if (peek_is(TokenKind::at_word)) {
    statistic = find_statistic(peek().text);
    if (!statistic) fail(DiagnosticKind::expected_statistic, "expected statistical operation");
    next();
    if (!peek_is(TokenKind::plus) && !peek_is(TokenKind::minus))
      fail(DiagnosticKind::expected_sort, "expected sort directive");
  }
  if (!parse_sort(loop)) return;
  loop.sort = Foreach::Sort::by_value;
  loop.sort_statistic = statistic;
}

ast::Stmt* Parser::parse_try() {
  auto* statement = make<ast::Try>(next());
  statement->body = parse_block();
  expect(TokenKind::kw_catch);
  if (skip_if(TokenKind::paren_open)) {
    statement->variable = make<ast::Name>(peek());
    statement->variable->name = expect_identifier().text;
    expect(TokenKind::paren_close);
  }
  statement->handler = parse_block();
  return statement;
}

ast::Stmt* Parser::parse_return() {
  if (!in_function_)
    fail(DiagnosticKind::return_outside_function, "found 'return' not in function context",
         "use 'next' to leave a probe handler");
  auto* statement = make<ast::Return>(next());
  if (!peek_is(TokenKind::semicolon) && !peek_is(TokenKind::brace_close))
    statement->value = parse_expression();
  return statement;
}

ast::Stmt* Parser::parse_delete() {
  auto* statement = make<ast::Delete>(next());
  statement->operand = parse_expression();
  return statement;
}

}  // namespace stapd
