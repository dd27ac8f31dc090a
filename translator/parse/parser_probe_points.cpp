#include "translator/parse/parser_impl.h"

namespace stapd {

using ast::ProbePointComponent;

// One item of a probe's comma list: several points when it has braces.
std::vector<ast::ProbePoint*> Parser::parse_probe_point() {
  std::vector<ast::ProbePoint*> points;
  for (const Pattern& pattern : parse_patterns()) {
    auto* point = script_.arena.make<ast::ProbePoint>();
    point->components = script_.arena.copy(pattern.components);
    point->optional = pattern.optional;
    point->sufficient = pattern.sufficient;
    point->condition = pattern.condition;
    points.push_back(point);
  }
  return points;
}

// component '.' component ... with braces, then `?`, `!` and `if (condition)`.
std::vector<Parser::Pattern> Parser::parse_patterns() {
  const Nesting nesting(*this, 1);
  std::vector<Pattern> heads(1);
  do {
    if (peek_is(TokenKind::brace_open)) {
      append(heads, parse_braces());
    } else {
      Pattern tail;
      tail.components.push_back(parse_component());
      append(heads, {tail});
    }
  } while (skip_if(TokenKind::dot));
  parse_suffix(heads);
  return heads;
}

std::vector<Parser::Pattern> Parser::parse_braces() {
  std::vector<Pattern> all;
  next();
  do {
    std::vector<Pattern> some = parse_patterns();
    all.insert(all.end(), some.begin(), some.end());
  } while (skip_if(TokenKind::comma));
  expect(TokenKind::brace_close);
  return all;
}

// Every head with every tail.
void Parser::append(std::vector<Pattern>& heads, const std::vector<Pattern>& tails) {
  if (heads.size() * tails.size() > kMaxExpandedPoints)
    fail(DiagnosticKind::too_many_points, "braces expand to too many probe points");
  std::vector<Pattern> combined;
  for (const Pattern& head : heads) {
    if (head.optional || head.condition)
      fail_at(head.components.front().token, DiagnosticKind::misplaced_suffix,
              "'?', '!' or condition must only be specified in suffix");
    for (const Pattern& tail : tails) {
      Pattern both = head;
      both.components.insert(both.components.end(), tail.components.begin(), tail.components.end());
      both.optional = tail.optional;
      both.sufficient = tail.sufficient;
      both.condition = tail.condition;
      combined.push_back(std::move(both));
    }
  }
  heads = std::move(combined);
}

void Parser::parse_suffix(std::vector<Pattern>& patterns) {
  if (peek_is(TokenKind::question) || peek_is(TokenKind::logical_not)) {
    const bool sufficient = next().is(TokenKind::logical_not);
    for (Pattern& pattern : patterns) {
      if (pattern.optional)
        fail_at(pattern.components.front().token, DiagnosticKind::misplaced_suffix,
                "'?' or '!' respecified");
      pattern.optional = true;
      pattern.sufficient = sufficient;
    }
  }
  if (!peek_is(TokenKind::kw_if)) return;
  const Token& keyword = next();
  expect(TokenKind::paren_open);
  ast::Expr* condition = parse_expression();
  expect(TokenKind::paren_close);
  for (Pattern& pattern : patterns) {
    if (pattern.condition)
      fail_at(keyword, DiagnosticKind::misplaced_suffix, "condition respecified");
    pattern.condition = condition;
  }
}

// A name is made of what stands together: b*, *c, **, sys_*64.
bool Parser::continues_component() const {
  const Token& token = peek();
  return token.glued && (token.is(TokenKind::identifier) || token.is_keyword() ||
                         token.is(TokenKind::times) || token.is(TokenKind::number));
}

ProbePointComponent Parser::parse_component() {
  ProbePointComponent component;
  component.token = peek();
  if (!peek_is(TokenKind::identifier) && !peek_is(TokenKind::times) && !peek().is_keyword())
    fail(DiagnosticKind::expected_component,
         peek_is(TokenKind::end) ? "unexpected end-of-file" : "expected identifier or '*' or '{'");
  std::string name(next().text);
  bool one_token = true;
  for (; continues_component(); one_token = false) name += next().text;
  if (!one_token) {
    component.name = script_.joined.emplace_back(std::move(name));
    component.token.kind = TokenKind::identifier;
    component.token.text = component.name;
  } else {
    component.name = component.token.text;
  }
  if (!peek_is(TokenKind::paren_open)) return component;
  next();
  component.argument_token = peek();
  if (peek_is(TokenKind::string)) {
    component.argument = ProbePointComponent::Argument::string;
    component.text = parse_string()->spelling;
  } else {
    component.argument = ProbePointComponent::Argument::number;
    component.number = ast::as<ast::Integer>(*parse_number()).value;
  }
  expect(TokenKind::paren_close);
  return component;
}

}  // namespace stapd
