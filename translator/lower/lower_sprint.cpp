// The sprint family: a string put together where the handler runs.
#include <algorithm>

#include "runtime/base/check.h"
#include "translator/ir/message_text.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Compare;
using ir::Op;
using ir::Operand;
using sem::Expr;
using Conversion = FormatPiece::Conversion;
using Source = FormatPiece::Source;

namespace {

// Arguments up to the last that the piece shows or is sized by.
size_t arguments_until(const FormatPiece& piece) {
  size_t count = 0;
  for (const Source* source : {&piece.value, &piece.width, &piece.precision})
    if (source->kind == Source::Kind::field)
      count = std::max(count, static_cast<size_t>(source->value) + 1);
  return count;
}

// It may turn out to be a byte 0.
bool may_end_string(const FormatPiece& piece) {
  return piece.conversion == Conversion::character || piece.conversion == Conversion::binary ||
         piece.conversion == Conversion::memory;
}

}  // namespace

// Each argument is evaluated just before the piece that shows it, which nobody can tell from all
// before all: so that few values live at a time. But what may end the string early ends no
// evaluation.
void FunctionLowering::append_print(Operand slot, const Expr& expr) {
  const sem::Print& print = image_.program().prints[expr.index];
  STAPD_CHECK(print.to_string);
  // A byte 0 ends the string, as it does in C.
  uint32_t end = build_.make_block();
  Values values;
  bool all_first = std::any_of(print.pieces.begin(), print.pieces.end(), may_end_string);
  for (const FormatPiece& piece : print.pieces) {
    size_t until = all_first ? expr.args.size() : arguments_until(piece);
    while (values.size() < until) {
      const Expr& arg = *expr.args[values.size()];
      auto later = expr.args.begin() + static_cast<ptrdiff_t>(values.size()) + 1;
      values.push_back(
          print_argument(expr, arg, {later, expr.args.begin() + static_cast<ptrdiff_t>(until)}));
    }
    append_converted(slot, expr, piece, values, end);
  }
  build_.jump(end);
  build_.set_block(end);
}

FunctionLowering::Operand FunctionLowering::print_argument(const Expr& print, const Expr& arg,
                                                           const std::vector<const Expr*>& later) {
  if (arg.kind == Expr::Kind::histogram) return read_histogram(arg, print);
  return stable(arg.type == sem::Type::string ? string(arg) : integer(arg), later);
}

void FunctionLowering::append_converted(Operand slot, const Expr& print, const FormatPiece& piece,
                                        const Values& values, uint32_t end) {
  switch (piece.conversion) {
    case Conversion::character:
      return append_character(slot, piece, values, end);
    case Conversion::binary:
      return append_binary(slot, piece, values, end);
    case Conversion::memory:
    case Conversion::memory_hex:
      return append_memory(print, slot, piece, values, end);
    case Conversion::histogram_log:
    case Conversion::histogram_linear:
      return append_histogram(slot, piece, values[piece.value.value]);
    default:
      return append_piece(slot, piece, values);
  }
}

void FunctionLowering::append_piece(Operand slot, const FormatPiece& piece, const Values& values) {
  auto literal = [this](const std::string& text) { return image_.literal(text); };
  stapd::append_piece(build_, literal, slot, piece, values);
}

// `text` by the width of the piece, which zeros do not fill.
void FunctionLowering::append_fitted(Operand slot, const FormatPiece& piece, Operand text,
                                     bool escaped, Values values) {
  FormatPiece fitted;
  fitted.conversion = Conversion::string;
  fitted.flags = static_cast<uint8_t>(piece.flags & FormatPiece::left);
  if (escaped) fitted.flags |= FormatPiece::alternate;
  fitted.width = piece.width;
  fitted.value = {Source::Kind::field, static_cast<int64_t>(values.size()), ""};
  values.push_back(text);
  append_piece(slot, fitted, values);
}

// `byte` is not read again when it is 0.
void FunctionLowering::unless_zero(Operand byte, uint32_t zero) {
  uint32_t go_on = build_.make_block();
  build_.branch(Compare::eq, byte, Operand::imm(0), zero, go_on);
  build_.set_block(go_on);
}

void FunctionLowering::append_character(Operand slot, const FormatPiece& piece,
                                        const Values& values, uint32_t end) {
  Operand byte = build_.binary(Op::bit_and, amount_of(piece.value, values, 0), Operand::imm(0xff));
  Operand text = build_.make_slot(8);
  build_.append(Op::str_copy, {text}, {image_.literal("")});
  if (!(piece.flags & FormatPiece::alternate)) {
    unless_zero(byte, end);
    build_.append(Op::str_append_byte, {text}, {text, byte});
    return append_fitted(slot, piece, text, false, values);
  }
  // Beside what %#s escapes: quote and backslash, and byte 0, which no string holds.
  uint32_t zero = build_.make_block(), mark = build_.make_block(), other = build_.make_block(),
           backslash = build_.make_block(), fit = build_.make_block(), done = build_.make_block();
  unless_zero(byte, zero);
  uint32_t not_quote = build_.make_block();
  build_.branch(Compare::eq, byte, Operand::imm('\''), mark, not_quote);
  build_.set_block(not_quote);
  build_.branch(Compare::eq, byte, Operand::imm('\\'), mark, other);
  build_.set_block(zero);
  build_.append(Op::str_copy, {text}, {image_.literal("\\000")});
  build_.jump(fit);
  build_.set_block(mark);
  build_.append(Op::str_copy, {text}, {image_.literal("\\")});
  build_.jump(backslash);
  build_.set_block(backslash);
  build_.append(Op::str_append_byte, {text}, {text, byte});
  build_.jump(fit);
  build_.set_block(fit);
  append_fitted(slot, piece, text, false, values);
  build_.jump(done);
  build_.set_block(other);
  build_.append(Op::str_append_byte, {text}, {text, byte});
  append_fitted(slot, piece, text, true, values);
  build_.jump(done);
  build_.set_block(done);
}

// A width or precision, or a value; `absent` when the piece has none.
FunctionLowering::Operand FunctionLowering::amount_of(const Source& source, const Values& values,
                                                      int64_t absent) {
  if (source.kind == Source::Kind::constant) return Operand::imm(source.value);
  return source.kind == Source::Kind::field ? values[source.value] : Operand::imm(absent);
}

namespace {

bool is_integer_size(int64_t n) { return n == 1 || n == 2 || n == 4 || n == 8; }

bool are_known(Operand a, Operand b) {
  return a.kind == Operand::Kind::imm && b.kind == Operand::Kind::imm;
}

}  // namespace

// How many bytes %b shows: its precision or its width, if that is the size of an integer.
FunctionLowering::Operand FunctionLowering::binary_size(Operand width, Operand precision) {
  if (are_known(width, precision))
    return Operand::imm(is_integer_size(precision.value) ? precision.value
                        : is_integer_size(width.value)   ? width.value
                                                         : 8);
  Operand size = build_.make_reg();
  build_.append(Op::mov, {size}, {Operand::imm(8)});
  for (Operand amount : {width, precision})
    for (int64_t n : {1, 2, 4, 8}) {
      uint32_t same = build_.make_block(), go_on = build_.make_block();
      build_.branch(Compare::eq, amount, Operand::imm(n), same, go_on);
      build_.set_block(same);
      build_.append(Op::mov, {size}, {Operand::imm(n)});
      build_.jump(go_on);
      build_.set_block(go_on);
    }
  return size;
}

void FunctionLowering::go_if_greater(Operand a, Operand b, uint32_t target) {
  uint32_t go_on = build_.make_block();
  if (!are_known(a, b))
    build_.branch(Compare::gt, a, b, target, go_on);
  else
    build_.jump(a.value > b.value ? target : go_on);
  build_.set_block(go_on);
}

// A byte 0 ends the string, one that fills up the width too.
void FunctionLowering::append_binary(Operand slot, const FormatPiece& piece, const Values& values,
                                     uint32_t end) {
  Operand width = amount_of_piece(build_, piece.width, values);
  Operand size = binary_size(width, amount_of_piece(build_, piece.precision, values));
  const bool left = piece.flags & FormatPiece::left;
  if (!left) go_if_greater(width, size, end);
  Operand value = amount_of(piece.value, values, 0);
  uint32_t all = build_.make_block();
  for (int64_t i = 0; i < 8; ++i) {
    go_if_greater(Operand::imm(i + 1), size, all);
    Operand byte = build_.binary(Op::bit_and, build_.binary(Op::shr, value, Operand::imm(8 * i)),
                                 Operand::imm(0xff));
    unless_zero(byte, end);
    build_.append(Op::str_append_byte, {slot}, {slot, byte});
  }
  build_.jump(all);
  build_.set_block(all);
  if (left) go_if_greater(width, size, end);
}

// Memory as text: its bytes up to the first 0, or their digits.
void FunctionLowering::append_memory(const Expr& at, Operand slot, const FormatPiece& piece,
                                     const Values& values, uint32_t end) {
  Operand bytes = read_bytes(at, piece, values),
          text = build_.make_slot(image_.program().limits.max_string);
  Operand index = build_.make_reg(), byte = build_.make_reg();
  Operand count = build_.make_reg();
  build_.append(Op::str_length, {count}, {bytes});
  build_.append(Op::str_copy, {text}, {image_.literal("")});
  build_.append(Op::mov, {index}, {Operand::imm(0)});
  uint32_t head = build_.make_block(), body = build_.make_block(), done = build_.make_block();
  build_.jump(head);
  build_.set_block(head);
  build_.branch(Compare::lt, index, count, body, done);
  build_.set_block(body);
  build_.append(Op::str_byte, {byte}, {bytes, index});
  if (piece.conversion == Conversion::memory_hex) {
    build_.append(Op::str_append_number, {text}, {text, byte, Operand::imm(2), Operand::imm(-1)},
                  ir::number_spec(ir::NumberBase::hex, FormatPiece::zero_pad));
  } else {
    unless_zero(byte, done);
    build_.append(Op::str_append_byte, {text}, {text, byte});
  }
  build_.append(Op::add, {index}, {index, Operand::imm(1)});
  build_.jump(head);
  build_.set_block(done);
  append_fitted(slot, piece, text, false, values);
  if (piece.conversion == Conversion::memory) {
    // What stands behind a 0 in memory is lost, and so is what the format has behind it.
    uint32_t go_on = build_.make_block();
    build_.branch(Compare::lt, index, count, end, go_on);
    build_.set_block(go_on);
  }
}

// The memory that %m and %M show: of the kernel, or with # of the process.
FunctionLowering::Operand FunctionLowering::read_bytes(const Expr& at, const FormatPiece& piece,
                                                       const Values& values) {
  ir::Space space = piece.flags & FormatPiece::alternate ? ir::Space::user : ir::Space::kernel;
  Operand address = amount_of(piece.value, values, 0);
  Operand count = amount_of(piece.precision, values, 1);
  if (count == Operand::imm(0)) count = Operand::imm(1);
  int64_t most = count.kind == Operand::Kind::imm ? std::clamp<int64_t>(count.value, 1, kMostMemory)
                                                  : kMostMemory;
  Operand bytes = build_.make_slot(static_cast<uint32_t>(most) + 1), status = build_.make_reg();
  build_.append(Op::load_bytes, {bytes, status}, {address, count}, static_cast<uint32_t>(space));
  uint32_t fault = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::ne, status, Operand::imm(0), fault, go_on);
  build_.set_block(fault);
  raise_fault(at, space, "", address);
  build_.set_block(go_on);
  return bytes;
}

}  // namespace stapd
