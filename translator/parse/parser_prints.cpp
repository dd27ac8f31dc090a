#include "translator/parse/parser_impl.h"

namespace stapd {
namespace {

struct PrintForm {
  std::string_view name;
  bool to_string, with_format, with_delimiter, with_newline, as_character;
};

constexpr PrintForm kForms[] = {
    {"print", false, false, false, false, false},  {"print_char", false, false, false, false, true},
    {"println", false, false, false, true, false}, {"printd", false, false, true, false, false},
    {"printdln", false, false, true, true, false}, {"printf", false, true, false, false, false},
    {"sprint", true, false, false, false, false},  {"sprintln", true, false, false, true, false},
    {"sprintd", true, false, true, false, false},  {"sprintdln", true, false, true, true, false},
    {"sprintf", true, true, false, false, false},
};

}  // namespace

// Null when `name` is not one of the print family.
ast::Expr* Parser::parse_print(const Token& name) {
  for (const PrintForm& form : kForms) {
    if (form.name != name.text) continue;
    auto* print = make<ast::Print>(name);
    print->name = name.text;
    print->to_string = form.to_string;
    print->with_format = form.with_format;
    print->with_delimiter = form.with_delimiter;
    print->with_newline = form.with_newline;
    print->as_character = form.as_character;
    expect(TokenKind::paren_open);
    parse_print_arguments(*print);
    return print;
  }
  return nullptr;
}

void Parser::parse_print_arguments(ast::Print& print) {
  if (print.with_format || print.with_delimiter) {
    if (!peek_is(TokenKind::string))
      fail(DiagnosticKind::expected_string, "expected literal string",
           print.with_format
               ? fmt::format("to print a string that is not a literal, write {}(\"%s\", ...)",
                             print.name)
               : "");
    print.format = parse_string()->spelling;
    if (print.with_format) {
      const ast::ParsedFormat format = ast::parse_format(print.format);
      if (format.error) fail(DiagnosticKind::bad_format, format.error);
      print.directives = script_.arena.copy(format.directives);
    }
    if (peek_is(TokenKind::paren_close) && print.with_format) {
      next();
      return;
    }
    if (!skip_if(TokenKind::comma))
      fail(DiagnosticKind::expected_token,
           print.with_format ? "expected one of ', )'" : "expected ','");
  } else if (parse_whole_histogram(print)) {
    return;
  }
  if (peek_is(TokenKind::paren_close) && !(print.with_newline && !print.with_delimiter))
    fail(DiagnosticKind::expected_literal, "expected literal string or number",
         fmt::format("{}() needs something to print", print.name));
  print.args = parse_expression_list(TokenKind::paren_close);
  if (print.with_delimiter && print.args.size() < 2)
    fail(DiagnosticKind::expected_literal, "expected literal string or number",
         fmt::format("{}() needs two values or more behind the delimiter", print.name));
  if (print.as_character && print.args.size() > 1)
    fail(DiagnosticKind::expected_token, "expected ')'");
}

// `print(@hist_log(x))`; when the histogram is only the start of an expression, nothing is read.
bool Parser::parse_whole_histogram(ast::Print& print) {
  if (peek().text != "@hist_log" && peek().text != "@hist_linear") return false;
  const size_t start = at_;
  ast::Expr* histogram = parse_histogram(next());
  if (!peek_is(TokenKind::paren_close)) {
    at_ = start;
    return false;
  }
  next();
  print.args = script_.arena.copy(std::vector<ast::Expr*>{histogram});
  return true;
}

}  // namespace stapd
