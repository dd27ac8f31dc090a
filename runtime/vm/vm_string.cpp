#include <algorithm>
#include <cstring>

#include "runtime/format/value_text.h"
#include "runtime/vm/activation.h"

namespace stapd {

using ir::Op;

namespace {

FormatPiece::Conversion conversion_of(ir::NumberBase base) {
  switch (base) {
    case ir::NumberBase::decimal:
      return FormatPiece::Conversion::decimal;
    case ir::NumberBase::unsigned_decimal:
      return FormatPiece::Conversion::unsigned_decimal;
    case ir::NumberBase::octal:
      return FormatPiece::Conversion::octal;
    case ir::NumberBase::hex:
      return FormatPiece::Conversion::hex;
    case ir::NumberBase::hex_upper:
      return FormatPiece::Conversion::hex_upper;
  }
  return FormatPiece::Conversion::decimal;
}

std::string slice(const std::string& text, int64_t start, int64_t size) {
  if (start < 0 || start >= static_cast<int64_t>(text.size()) || size <= 0) return "";
  return text.substr(static_cast<size_t>(start), static_cast<size_t>(size));
}

}  // namespace

bool Activation::string_op(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::str_copy:
      set_text(instr.dst[0], text(instr.args[0]));
      return true;
    case Op::str_append:
      set_text(instr.dst[0], text(instr.args[0]) + text(instr.args[1]));
      return true;
    case Op::str_append_byte:
      set_text(instr.dst[0], text(instr.args[0]) + static_cast<char>(number(instr.args[1])));
      return true;
    case Op::str_append_number: {
      std::string out = text(instr.args[0]);
      stapd::append_number(out, number(instr.args[1]), conversion_of(ir::number_base(instr.aux)),
                           ir::number_flags(instr.aux), static_cast<int32_t>(number(instr.args[2])),
                           static_cast<int32_t>(number(instr.args[3])));
      set_text(instr.dst[0], std::move(out));
      return true;
    }
    case Op::str_append_fitted: {
      std::string out = text(instr.args[0]);
      append_string_fitted(out, text(instr.args[1]), static_cast<uint8_t>(instr.aux),
                           static_cast<int32_t>(number(instr.args[2])),
                           static_cast<int32_t>(number(instr.args[3])));
      set_text(instr.dst[0], std::move(out));
      return true;
    }
    case Op::str_length:
      set(instr.dst[0], static_cast<int64_t>(text(instr.args[0]).size()));
      return true;
    case Op::str_byte: {
      const std::string& from = text(instr.args[0]);
      uint64_t index = static_cast<uint64_t>(number(instr.args[1]));
      set(instr.dst[0], index < from.size() ? static_cast<unsigned char>(from[index]) : 0);
      return true;
    }
    case Op::str_compare: {
      int order = text(instr.args[0]).compare(text(instr.args[1]));
      set(instr.dst[0], (order > 0) - (order < 0));
      return true;
    }
    case Op::str_equal:
      set(instr.dst[0], text(instr.args[0]) == text(instr.args[1]));
      return true;
    case Op::str_slice:
      set_text(instr.dst[0],
               slice(text(instr.args[0]), number(instr.args[1]), number(instr.args[2])));
      return true;
    default:
      return false;
  }
}

}  // namespace stapd
