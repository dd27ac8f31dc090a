// Soft errors. One that a `try` of this function surrounds becomes the catch's message; any other
// leaves the function as a `raise`, with what the error record holds.
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Op;

namespace {

FormatPiece literal_piece(const std::string& text) {
  FormatPiece piece;
  piece.text = text;
  return piece;
}

}  // namespace

void FunctionLowering::raise(const sem::Expr& at, std::vector<FormatPiece> message,
                             const std::vector<Operand>& values,
                             const std::vector<RecordField>& fields, bool catchable) {
  if (catchable && !catches_.empty()) {
    const Catch& target = catches_.back();
    close_iterations(target.iterations);
    if (target.message) {
      build_.append(Op::str_copy, {*target.message}, {image_.literal("")});
      for (const FormatPiece& piece : message) append_piece(*target.message, piece, values);
    }
    build_.jump(target.block);
    return;
  }
  RecordFormat format;
  format.channel = RecordChannel::error;
  format.pieces = std::move(message);
  format.fields = fields;
  if (at.where.line != 0) {
    std::string token = at.token.empty() ? "" : at.token + " ";
    format.near = fmt::format("near {}at {}", token, image_.place_text(at.where));
  }
  Result<uint32_t> id = image_.add_format(std::move(format), at.where);
  if (!id) return fail_with(tl::unexpected(id.error()));
  close_iterations(0);
  build_.append(Op::raise, {}, values, *id, catchable ? 0 : 1);
}

void FunctionLowering::raise_text(const sem::Expr& at, const std::string& message, bool catchable) {
  raise(at, {literal_piece(message)}, {}, {}, catchable);
}

void FunctionLowering::raise_fault(const sem::Expr& at, ir::Space space, const std::string& what,
                                   Operand address) {
  FormatPiece number;
  number.conversion = FormatPiece::Conversion::hex;
  number.flags = FormatPiece::alternate | FormatPiece::zero_pad;
  number.width = {FormatPiece::Source::Kind::constant, 18, ""};
  number.value = {FormatPiece::Source::Kind::field, 0, ""};
  std::string kind = space == ir::Space::user ? "user" : "kernel";
  std::vector<FormatPiece> message = {literal_piece(kind + " read fault at "), number};
  if (!what.empty()) message.push_back(literal_piece(" (" + what + ")"));
  raise(at, message, {address}, {RecordField{}});
}

}  // namespace stapd
