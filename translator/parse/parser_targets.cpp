// Operators that begin with @, target variables, and the paths into foreign data behind both.
#include "runtime/base/spelling.h"
#include "translator/lex/macro.h"
#include "translator/parse/parser_impl.h"

namespace stapd {
namespace {

using ast::ExprKind;
using ast::Statistic;
using ast::TargetComponent;

// Splits "$x$$" into "$x" and "$$"; a name of nothing but dollars stays whole.
std::pair<std::string_view, std::string_view> split_suffix(std::string_view name) {
  const size_t last = name.find_last_not_of('$');
  if (last == name.npos) return {name, {}};
  return {name.substr(0, last + 1), name.substr(last + 1)};
}

bool is_all_dollars(std::string_view text) {
  return !text.empty() && text.find_first_not_of('$') == text.npos;
}

ast::TargetPath* path_of(ast::Expr* e) {
  switch (e->kind) {
    case ExprKind::target:
      return &static_cast<ast::Target*>(e)->path;
    case ExprKind::cast:
      return &static_cast<ast::Cast*>(e)->path;
    case ExprKind::target_global:
      return &static_cast<ast::TargetGlobal*>(e)->path;
    case ExprKind::autocast:
      return &static_cast<ast::Autocast*>(e)->path;
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<Statistic::Op> find_statistic(std::string_view word) {
  static constexpr std::pair<std::string_view, Statistic::Op> kOps[] = {
      {"@count", Statistic::Op::count}, {"@sum", Statistic::Op::sum},
      {"@min", Statistic::Op::min},     {"@max", Statistic::Op::max},
      {"@avg", Statistic::Op::average}, {"@variance", Statistic::Op::variance}};
  for (const auto& [name, op] : kOps)
    if (name == word) return op;
  return std::nullopt;
}

// A value, and the path behind it; `&` before asks for the address.
ast::Expr* Parser::parse_path() {
  if (peek_is(TokenKind::bit_and)) return parse_address_of(next());
  ast::Expr* value = parse_value();
  if (!at_component()) return value;
  auto* autocast = make<ast::Autocast>(peek());
  autocast->operand = value;
  autocast->path.components = parse_components({}, peek());
  return autocast;
}

ast::Expr* Parser::parse_address_of(const Token& ampersand) {
  if (peek_is(TokenKind::bit_and))
    fail(DiagnosticKind::expected_literal, "expected literal string or number");
  ast::Expr* operand = parse_path();
  ast::TargetPath* path = path_of(operand);
  if (!path) {
    auto* autocast = make<ast::Autocast>(ampersand);
    autocast->operand = operand;
    operand = autocast;
    path = &autocast->path;
  }
  if (path->address_of)
    fail_at(ampersand, DiagnosticKind::bad_address_of, "cannot take address more than once");
  path->address_of = true;
  return operand;
}

bool Parser::at_pretty_suffix() const {
  return peek_is(TokenKind::identifier) && is_all_dollars(peek().text);
}

bool Parser::at_component() const {
  return peek_is(TokenKind::arrow) || peek_is(TokenKind::bracket_open) || at_pretty_suffix();
}

// `first_suffix`: dollars that the lexer left at the end of the name before.
ast::TargetComponents Parser::parse_components(std::string_view first_suffix,
                                               const Token& suffix_token) {
  std::vector<TargetComponent> components;
  const auto add_pretty = [&](const Token& token, std::string_view dollars) {
    components.push_back({TargetComponent::Kind::pretty, token, dollars});
  };
  if (!first_suffix.empty()) add_pretty(suffix_token, first_suffix);
  while (at_component()) {
    const Token& token = peek();
    const bool finished =
        !components.empty() && components.back().kind == TargetComponent::Kind::pretty;
    if (finished && at_pretty_suffix()) break;
    if (finished)
      fail(DiagnosticKind::path_after_pretty,
           "-> and [ are not accepted for a pretty-printing variable");
    if (at_pretty_suffix()) {
      add_pretty(token, next().text);
    } else if (skip_if(TokenKind::bracket_open)) {
      TargetComponent element{TargetComponent::Kind::element, token};
      element.index = parse_expression();
      expect(TokenKind::bracket_close);
      components.push_back(element);
    } else {
      parse_member(components);
    }
  }
  return script_.arena.copy(components);
}

void Parser::parse_member(std::vector<TargetComponent>& components) {
  next();
  if (!peek_is(TokenKind::identifier) && !peek().is_keyword())
    fail(DiagnosticKind::expected_identifier, "expected identifier or keyword");
  const Token& token = next();
  const auto [name, suffix] = split_suffix(token.text);
  if (is_all_dollars(name)) {
    components.push_back({TargetComponent::Kind::pretty, token, name});
    return;
  }
  components.push_back({TargetComponent::Kind::member, token, name});
  if (!suffix.empty()) components.push_back({TargetComponent::Kind::pretty, token, suffix});
}

ast::Expr* Parser::parse_target(const Token& token) {
  auto* target = make<ast::Target>(token);
  const auto [name, suffix] = split_suffix(token.text);
  target->name = name;
  target->path.components = parse_components(suffix, token);
  return target;
}

void Parser::need_guru(const Token& word) {
  if (!options_.embedded_code)
    fail_at(word, DiagnosticKind::operator_needs_guru,
            fmt::format("using {} operator not permitted; need stap -g", word.text));
}

ast::Expr* Parser::parse_at_word() {
  const Token& word = next();
  const std::string_view text = word.text;
  if (text == "@cast") return parse_cast(word);
  if (text == "@var") return parse_target_global(word);
  if (text == "@defined") return parse_defined(word);
  if (text == "@probewrite") return parse_probe_write(word);
  if (text == "@entry") return parse_entry(word);
  if (text == "@perf") return parse_perf(word);
  if (text == "@const") return parse_constant(word);
  if (text == "@enum") return parse_enumerator(word);
  if (text == "@enumname") return parse_enumerator_name(word);
  if (text == "@kregister" || text == "@uregister") return parse_register(word, text[1] == 'u');
  if (text == "@kderef" || text == "@uderef") return parse_dereference(word, text[1] == 'u');
  if (const auto op = find_statistic(text)) return parse_statistic(word, *op);
  if (text == "@hist_log" || text == "@hist_linear") {
    ast::Histogram* histogram = parse_histogram(word);
    if (peek_is(TokenKind::bracket_open)) return parse_index(histogram, word);
    fail_at(word, DiagnosticKind::histogram_as_value,
            "base histogram operator where expression expected");
  }
  --at_;
  fail(DiagnosticKind::unknown_operator, fmt::format("unknown operator {}", text),
       similar_at_word(text));
}

std::string Parser::similar_at_word(std::string_view word) {
  const std::string nearest = nearest_name(word.substr(1), builtin_at_words());
  return nearest.empty() ? "" : fmt::format("did you mean @{}?", nearest);
}

ast::Expr* Parser::parse_cast(const Token& word) {
  auto* cast = make<ast::Cast>(word);
  expect(TokenKind::paren_open);
  cast->operand = parse_expression();
  expect(TokenKind::comma);
  cast->type = expect_string();
  if (cast->type.empty()) fail(DiagnosticKind::expected_string, "expected non-empty string");
  if (skip_if(TokenKind::comma)) cast->module = expect_string();
  expect(TokenKind::paren_close);
  cast->path.components = parse_components({}, word);
  return cast;
}

ast::Expr* Parser::parse_target_global(const Token& word) {
  auto* global = make<ast::TargetGlobal>(word);
  expect(TokenKind::paren_open);
  const std::string_view spec = expect_string();
  const size_t at = spec.find('@');
  global->name = spec.substr(0, at);
  if (at != spec.npos) global->unit = spec.substr(at + 1);
  if (skip_if(TokenKind::comma)) global->module = expect_string();
  expect(TokenKind::paren_close);
  global->path.components = parse_components({}, word);
  return global;
}

ast::Expr* Parser::parse_defined(const Token& word) {
  auto* defined = make<ast::Defined>(word);
  expect(TokenKind::paren_open);
  defined->operand = parse_expression();
  expect(TokenKind::paren_close);
  return defined;
}

ast::Expr* Parser::parse_probe_write(const Token& word) {
  auto* write = make<ast::ProbeWrite>(word);
  expect(TokenKind::paren_open);
  write->name = expect_identifier().text;
  expect(TokenKind::paren_close);
  return write;
}

ast::Expr* Parser::parse_entry(const Token& word) {
  auto* entry = make<ast::Entry>(word);
  expect(TokenKind::paren_open);
  entry->operand = parse_expression();
  expect(TokenKind::paren_close);
  return entry;
}

ast::Expr* Parser::parse_perf(const Token& word) {
  auto* perf = make<ast::Perf>(word);
  expect(TokenKind::paren_open);
  if (!peek_is(TokenKind::string)) fail(DiagnosticKind::expected_string, "expected literal string");
  perf->name = parse_string()->spelling;
  expect(TokenKind::paren_close);
  return perf;
}

ast::Expr* Parser::parse_constant(const Token& word) {
  need_guru(word);
  auto* constant = make<ast::Constant>(word);
  expect(TokenKind::paren_open);
  constant->name = expect_string();
  expect(TokenKind::paren_close);
  return constant;
}

ast::Expr* Parser::parse_enumerator(const Token& word) {
  auto* enumerator = make<ast::Enumerator>(word);
  expect(TokenKind::paren_open);
  enumerator->name = expect_string();
  if (skip_if(TokenKind::comma)) enumerator->module = expect_string();
  expect(TokenKind::paren_close);
  return enumerator;
}

ast::Expr* Parser::parse_enumerator_name(const Token& word) {
  auto* name = make<ast::EnumeratorName>(word);
  expect(TokenKind::paren_open);
  name->operand = parse_expression();
  if (skip_if(TokenKind::comma)) name->type = expect_string();
  if (skip_if(TokenKind::comma)) name->module = expect_string();
  expect(TokenKind::paren_close);
  return name;
}

ast::Expr* Parser::parse_register(const Token& word, bool user) {
  if (!user) need_guru(word);
  auto* reg = make<ast::TargetRegister>(word);
  reg->user = user;
  expect(TokenKind::paren_open);
  reg->number = expect_number();
  expect(TokenKind::paren_close);
  return reg;
}

ast::Expr* Parser::parse_dereference(const Token& word, bool user) {
  if (!user) need_guru(word);
  auto* dereference = make<ast::Dereference>(word);
  dereference->user = user;
  expect(TokenKind::paren_open);
  dereference->size = expect_number();
  expect(TokenKind::comma);
  dereference->address = parse_expression();
  expect(TokenKind::paren_close);
  return dereference;
}

ast::Expr* Parser::parse_statistic(const Token& word, Statistic::Op op) {
  auto* statistic = make<Statistic>(word);
  statistic->op = op;
  expect(TokenKind::paren_open);
  statistic->statistic = parse_expression();
  const bool takes_shift = op == Statistic::Op::variance;
  if (peek_is(TokenKind::comma)) {
    if (!takes_shift || statistic->bit_shift)
      fail_at(peek(), DiagnosticKind::too_many_arguments, "not more than 1 parameter allowed");
    next();
    statistic->bit_shift = parse_signed_number();
  }
  if (peek_is(TokenKind::comma))
    fail_at(peek(), DiagnosticKind::too_many_arguments, "not more than 2 parameters allowed");
  expect(TokenKind::paren_close);
  return statistic;
}

ast::Histogram* Parser::parse_histogram(const Token& word) {
  auto* histogram = make<ast::Histogram>(word);
  histogram->linear = word.text == "@hist_linear";
  expect(TokenKind::paren_open);
  histogram->statistic = parse_expression();
  if (histogram->linear) {
    for (int64_t* value : {&histogram->start, &histogram->stop, &histogram->width}) {
      expect(TokenKind::comma);
      *value = parse_signed_number();
    }
  }
  expect(TokenKind::paren_close);
  return histogram;
}

int64_t Parser::parse_signed_number() {
  const bool negative = skip_if(TokenKind::minus);
  const auto value = static_cast<uint64_t>(expect_number());
  return static_cast<int64_t>(negative ? 0 - value : value);
}

}  // namespace stapd
