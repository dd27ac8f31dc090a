// Prints: which values a record holds, how wide, and how they become text when it is read.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/image/map_layout.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Op;
using sem::Expr;
using Source = FormatPiece::Source;

namespace {

// The expression that a function without anything else returns, or null.
const Expr* returned(const sem::Stmt* stmt) {
  while (stmt && stmt->kind == sem::Stmt::Kind::block && stmt->body.size() == 1)
    stmt = stmt->body[0];
  return stmt && stmt->kind == sem::Stmt::Kind::return_ ? stmt->expr : nullptr;
}

}  // namespace

int integer_width(const Expr& expr, const sem::Program& program) {
  switch (expr.kind) {
    case Expr::Kind::compare:
    case Expr::Kind::logical_and:
    case Expr::Kind::logical_or:
    case Expr::Kind::logical_not:
    case Expr::Kind::in_array:
      return 1;
    case Expr::Kind::load:
      return expr.size;
    case Expr::Kind::builtin:
      switch (static_cast<Builtin>(expr.index)) {
        case Builtin::pid:
        case Builtin::tid:
        case Builtin::uid:
        case Builtin::gid:
        case Builtin::target:
        case Builtin::user_u32:
        case Builtin::random:
          return 4;
        case Builtin::cpu:
        case Builtin::strlen:
          return 2;
        case Builtin::kernel_s32:
        case Builtin::user_s32:
          return -4;
        default:
          return 8;
      }
    case Expr::Kind::call: {
      const Expr* value = returned(program.functions[expr.index].body);
      return value && !program.functions[expr.index].recursive ? integer_width(*value, program) : 8;
    }
    default:
      return 8;
  }
}

// A value that need not be recorded, because it is the same in every record.
std::optional<Source> FunctionLowering::constant_source(const Expr& value) const {
  if (value.kind == Expr::Kind::integer) return Source{Source::Kind::constant, value.value, ""};
  if (value.kind == Expr::Kind::string) return Source{Source::Kind::literal, 0, value.text};
  return std::nullopt;
}

RecordField FunctionLowering::field_of(const Expr& value) const {
  RecordField field;
  if (value.kind == Expr::Kind::local) field.name = local_types_[value.index].name;
  if (value.kind == Expr::Kind::global) field.name = image_.program().globals[value.index].name;
  if (value.kind == Expr::Kind::call) field.name = image_.program().functions[value.index].name;
  if (value.kind == Expr::Kind::histogram) {
    const Expr& target = *value.args[0];
    const auto& histogram = image_.program().globals[target.index].statistic.histogram;
    STAPD_CHECK(histogram.has_value());
    field.kind = RecordField::Kind::buckets;
    field.size = static_cast<uint16_t>(8 * histogram->buckets);
  } else if (value.type == sem::Type::string) {
    bool is_short = is_short_string(value.capacity);
    field.kind = is_short ? RecordField::Kind::chars : RecordField::Kind::text;
    field.size = static_cast<uint16_t>(is_short ? round_up_8(std::max(value.capacity, 1u)) : 2);
  } else {
    int width = integer_width(value, image_.program());
    field.kind = width < 0 || width == 8 ? RecordField::Kind::signed_integer
                                         : RecordField::Kind::unsigned_integer;
    field.size = static_cast<uint16_t>(std::abs(width));
  }
  return field;
}

FunctionLowering::Operand FunctionLowering::print(const Expr& expr) {
  if (image_.program().prints[expr.index].to_string) return string(expr);
  print_record(expr);
  return Operand::imm(0);
}

// What print shows of it must not be empty.
FunctionLowering::Operand FunctionLowering::read_histogram(const Expr& histogram,
                                                           const Expr& print) {
  Operand statistic = read_statistic(*histogram.args[0]);
  check_not_empty(print, statistic);
  return statistic;
}

namespace {

bool shows_memory(const FormatPiece& piece) {
  return piece.conversion == FormatPiece::Conversion::memory ||
         piece.conversion == FormatPiece::Conversion::memory_hex;
}

// By argument: it is only the address or the size of memory that is shown.
std::vector<bool> find_addresses(const sem::Print& print, size_t arguments) {
  std::vector<bool> found(arguments);
  for (const FormatPiece& piece : print.pieces)
    if (shows_memory(piece))
      for (const Source* source : {&piece.value, &piece.precision})
        if (source->kind == Source::Kind::field) found[source->value] = true;
  return found;
}

}  // namespace

// Each value is recorded once, constants not at all; the pieces then name fields instead of values.
void FunctionLowering::print_record(const Expr& expr) {
  const sem::Print& print = image_.program().prints[expr.index];
  const std::vector<bool> is_address = find_addresses(print, expr.args.size());
  RecordFormat format;
  format.channel = print.channel;
  Values operands, values;
  std::vector<Source> sources;
  for (size_t i = 0; i < expr.args.size(); ++i) {
    const Expr& arg = *expr.args[i];
    std::optional<Source> constant = constant_source(arg);
    if (constant && !is_address[i]) {
      sources.push_back(*constant);
      values.emplace_back();
      continue;
    }
    std::vector<const Expr*> later(expr.args.begin() + i + 1, expr.args.end());
    values.push_back(print_argument(expr, arg, later));
    sources.push_back({Source::Kind::field, static_cast<int64_t>(format.fields.size()), ""});
    if (is_address[i]) continue;
    format.fields.push_back(field_of(arg));
    if (arg.kind == Expr::Kind::histogram)
      format.histogram = *image_.program().globals[arg.args[0]->index].statistic.histogram;
    operands.push_back(values.back());
  }
  auto placed = [&](Source source) {
    return source.kind == Source::Kind::field ? sources[source.value] : source;
  };
  for (FormatPiece piece : print.pieces) {
    piece.width = placed(piece.width);
    if (shows_memory(piece)) {
      operands.push_back(read_bytes(expr, piece, values));
      piece.value = {Source::Kind::field, static_cast<int64_t>(format.fields.size()), ""};
      piece.precision = {};
      format.fields.push_back({RecordField::Kind::memory, 0, 2, ""});
    } else {
      piece.value = placed(piece.value);
      piece.precision = placed(piece.precision);
    }
    format.pieces.push_back(piece);
  }
  Result<uint32_t> id = image_.add_format(std::move(format), expr.where);
  if (!id) return fail_with(tl::unexpected(id.error()));
  build_.append(Op::print, {}, operands, *id);
}

// warn(), system(): the text as a record of its own channel.
void FunctionLowering::message_record(RecordChannel channel, const Expr& text) {
  RecordFormat format;
  format.channel = channel;
  FormatPiece piece;
  piece.conversion = FormatPiece::Conversion::string;
  std::vector<Operand> operands;
  if (std::optional<Source> constant = constant_source(text)) {
    piece.value = *constant;
  } else {
    piece.value = {Source::Kind::field, 0, ""};
    operands.push_back(string(text));
    format.fields.push_back(field_of(text));
  }
  format.pieces.push_back(piece);
  Result<uint32_t> id = image_.add_format(std::move(format), text.where);
  if (!id) return fail_with(tl::unexpected(id.error()));
  build_.append(Op::print, {}, operands, *id);
}

}  // namespace stapd
