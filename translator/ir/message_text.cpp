#include "translator/ir/message_text.h"

#include <optional>

#include "runtime/base/check.h"

namespace stapd {

using ir::Op;
using ir::Operand;
using Source = FormatPiece::Source;

namespace {

Operand number_of(const Source& source, const std::vector<Operand>& values) {
  switch (source.kind) {
    case Source::Kind::constant:
      return Operand::imm(source.value);
    case Source::Kind::field:
      return values[source.value];
    default:
      return Operand::imm(-1);
  }
}

std::optional<ir::NumberBase> base_of(FormatPiece::Conversion conversion) {
  switch (conversion) {
    case FormatPiece::Conversion::decimal:
      return ir::NumberBase::decimal;
    case FormatPiece::Conversion::unsigned_decimal:
      return ir::NumberBase::unsigned_decimal;
    case FormatPiece::Conversion::octal:
      return ir::NumberBase::octal;
    case FormatPiece::Conversion::hex:
    case FormatPiece::Conversion::pointer:
      return ir::NumberBase::hex;
    case FormatPiece::Conversion::hex_upper:
      return ir::NumberBase::hex_upper;
    default:
      return std::nullopt;
  }
}

void append_text(IrBuilder& build, Operand slot, Operand text, Operand width, Operand precision,
                 uint8_t flags) {
  bool escaped = flags & FormatPiece::alternate;
  if (!escaped && width == Operand::imm(-1) && precision == Operand::imm(-1))
    build.append(Op::str_append, {slot}, {slot, text});
  else
    build.append(Op::str_append_fitted, {slot}, {slot, text, width, precision}, flags);
}

}  // namespace

Operand amount_of_piece(IrBuilder& build, const Source& source,
                        const std::vector<Operand>& values) {
  Operand number = number_of(source, values);
  if (number.kind != Operand::Kind::reg) return number;
  Operand result = build.make_reg();
  uint32_t negative = build.make_block(), end = build.make_block();
  build.append(Op::extend, {result}, {number}, 0, -32);
  build.branch(ir::Compare::lt, result, Operand::imm(0), negative, end);
  build.set_block(negative);
  build.append(Op::mov, {result}, {Operand::imm(0)});
  build.jump(end);
  build.set_block(end);
  return result;
}

void append_piece(IrBuilder& build, const LiteralPool& literal, Operand slot,
                  const FormatPiece& piece, const std::vector<Operand>& values) {
  using Conversion = FormatPiece::Conversion;
  if (piece.conversion == Conversion::literal) {
    build.append(Op::str_append, {slot}, {slot, literal(piece.text)});
    return;
  }
  Operand width = amount_of_piece(build, piece.width, values);
  Operand precision = amount_of_piece(build, piece.precision, values);
  if (std::optional<ir::NumberBase> base = base_of(piece.conversion)) {
    uint8_t flags = piece.flags;
    if (piece.conversion == Conversion::pointer) flags |= FormatPiece::alternate;
    build.append(Op::str_append_number, {slot},
                 {slot, number_of(piece.value, values), width, precision},
                 ir::number_spec(*base, flags));
    return;
  }
  STAPD_CHECK(piece.conversion == Conversion::string);
  Operand text = piece.value.kind == Source::Kind::literal ? literal(piece.value.text)
                                                           : values[piece.value.value];
  append_text(build, slot, text, width, precision, piece.flags);
}

}  // namespace stapd
