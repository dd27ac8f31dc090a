// The print family. Which directive prints which value of which type is settled when types are
// known (finish_prints.h).
#include "translator/elaborate/bind_body.h"

namespace stapd {

using sem::Expr;
using Kind = sem::Expr::Kind;

Expr* BodyBinder::make_print(PrintForm form, bool to_string, std::vector<Expr*> args,
                             const Token& token) {
  Expr* expr = make(Kind::print, token);
  sem::Print print;
  print.to_string = to_string;
  expr->index = static_cast<uint32_t>(builder_.program().prints.size());
  expr->args = std::move(args);
  if (to_string) expr->type = sem::Type::string;
  builder_.program().prints.push_back(std::move(print));
  builder_.side().prints.push_back(std::move(form));
  return expr;
}

Expr* BodyBinder::bind_print(const ast::Print& e) {
  PrintForm form;
  form.with_format = e.with_format;
  form.with_newline = e.with_newline;
  form.as_character = e.as_character;
  if (e.with_delimiter) form.delimiter = ast::decode_string(e.format);
  if (e.with_format) form.directives.assign(e.directives.begin(), e.directives.end());
  std::vector<Expr*> args;
  for (const ast::Expr* arg : e.args) args.push_back(bind(*arg));
  if (e.with_format) {
    size_t wanted = 0;
    for (const ast::FormatDirective& d : e.directives) {
      wanted += d.conversion != FormatPiece::Conversion::literal;
      wanted += d.width_kind == ast::FormatDirective::Amount::argument;
      wanted += d.precision_kind == ast::FormatDirective::Amount::argument;
    }
    if (wanted != args.size())
      fault(DiagnosticKind::format_arguments, e.token,
            "Wrong number of args to formatted print operator",
            fmt::format("the format has {} directives and widths, and there are {} values", wanted,
                        args.size()));
  }
  return make_print(std::move(form), e.to_string, std::move(args), e.token);
}

}  // namespace stapd
