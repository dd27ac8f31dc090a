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

// What a builtin fails in is, for who reads scripts, the library's function around it.
std::string FunctionLowering::near(const sem::Expr& at) const {
  const bool inside = source_ && source_->from_tapset && at.kind == sem::Expr::Kind::builtin;
  const SourceLocation where = inside ? source_->where : at.where;
  if (where.line == 0) return "";
  std::string token = inside ? fmt::format("identifier '{}'", source_->name) : at.token;
  return fmt::format("near {}at {}", token.empty() ? "" : token + " ", image_.place_text(where));
}

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
  format.near = near(at);
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
