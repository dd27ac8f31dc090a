#include "translator/ast/ast.h"
#include "translator/elaborate/finish_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using Source = FormatPiece::Source;
using sem::Expr;
using Kind = sem::Expr::Kind;

FormatPiece literal(std::string text) {
  FormatPiece piece;
  piece.text = std::move(text);
  return piece;
}

Source field(size_t index) { return {Source::Kind::field, static_cast<int64_t>(index), ""}; }

FormatPiece histogram(const Expr& value, const Limits& limits) {
  const Limits usual;
  FormatPiece piece;
  piece.conversion = value.text == "log" ? Conversion::histogram_log : Conversion::histogram_linear;
  if (limits.histogram_width != usual.histogram_width)
    piece.width = {Source::Kind::constant, limits.histogram_width, ""};
  if (limits.histogram_elision != usual.histogram_elision)
    piece.precision = {Source::Kind::constant, limits.histogram_elision, ""};
  return piece;
}

// As `print` shows a value of its type.
FormatPiece plain(const Expr& value, size_t index, const PrintForm& form, const Limits& limits) {
  FormatPiece piece;
  piece.value = field(index);
  piece.conversion = Conversion::decimal;
  if (value.type == sem::Type::string) piece.conversion = Conversion::string;
  if (form.as_character && value.type == sem::Type::integer)
    piece.conversion = Conversion::character;
  if (value.kind == Kind::histogram) {
    piece = histogram(value, limits);
    piece.value = field(index);
  }
  return piece;
}

std::vector<FormatPiece> plain_pieces(const Expr& e, const PrintForm& form, const Limits& limits) {
  std::vector<FormatPiece> pieces;
  for (size_t i = 0; i < e.args.size(); ++i) {
    if (i > 0 && !form.delimiter.empty()) pieces.push_back(literal(form.delimiter));
    pieces.push_back(plain(*e.args[i], i, form, limits));
  }
  if (form.with_newline) pieces.push_back(literal("\n"));
  return pieces;
}

std::vector<FormatPiece> formatted_pieces(const PrintForm& form) {
  using Amount = ast::FormatDirective::Amount;
  std::vector<FormatPiece> pieces;
  size_t next = 0;
  const auto amount = [&](Amount kind, int64_t value) -> Source {
    if (kind == Amount::constant) return {Source::Kind::constant, value, ""};
    return kind == Amount::argument ? field(next++) : Source{};
  };
  for (const ast::FormatDirective& d : form.directives) {
    if (d.conversion == Conversion::literal) {
      std::string bytes = ast::decode_string(d.text);
      const bool joins = !pieces.empty() && pieces.back().conversion == Conversion::literal;
      if (joins)
        pieces.back().text += bytes;
      else
        pieces.push_back(literal(std::move(bytes)));
      continue;
    }
    FormatPiece piece;
    piece.conversion = d.conversion;
    piece.flags = d.flags;
    piece.width = amount(d.width_kind, d.width);
    piece.precision = amount(d.precision_kind, d.precision);
    piece.value = field(next++);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace

void finish_prints(sem::Program& program, const SideTables& side) {
  sem::for_each_expr(program, [&](Expr*& e) {
    if (e->kind != Kind::print) return;
    const PrintForm& form = side.prints[e->index];
    program.prints[e->index].pieces =
        form.with_format ? formatted_pieces(form) : plain_pieces(*e, form, program.limits);
  });
}

}  // namespace stapd
