#include "runtime/format/text_plan.h"

#include "runtime/format/histogram_text.h"
#include "runtime/format/value_text.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using Kind = RecordField::Kind;
using Source = FormatPiece::Source;

int64_t integer_of(const Source& source, const RecordView& record) {
  if (source.kind == Source::Kind::constant) return source.value;
  if (source.kind == Source::Kind::field) return record.integer(static_cast<size_t>(source.value));
  return 0;
}

int32_t size_of(const Source& source, const RecordView& record) {
  return source.kind == Source::Kind::none ? -1 : clamp_size(integer_of(source, record));
}

std::string_view string_of(const Source& source, const RecordView& record) {
  if (source.kind == Source::Kind::literal) return source.text;
  if (source.kind == Source::Kind::field) return record.string(static_cast<size_t>(source.value));
  return {};
}

void append_buckets(std::string& out, const FormatPiece& piece, const RecordView& record) {
  if (piece.value.kind != Source::Kind::field) return;
  auto field = static_cast<size_t>(piece.value.value);
  std::vector<uint64_t> buckets(record.bucket_count(field));
  for (size_t i = 0; i < buckets.size(); ++i) buckets[i] = record.bucket(field, i);
  append_histogram(out, record.format().histogram, buckets, style_of(piece));
}

void append_piece(std::string& out, const FormatPiece& piece, const RecordView& record) {
  int32_t width = size_of(piece.width, record);
  int32_t precision = size_of(piece.precision, record);
  switch (piece.conversion) {
    case Conversion::literal:
      out.append(piece.text);
      return;
    case Conversion::decimal:
    case Conversion::unsigned_decimal:
    case Conversion::octal:
    case Conversion::hex:
    case Conversion::hex_upper:
    case Conversion::pointer:
      return append_number(out, integer_of(piece.value, record), piece.conversion, piece.flags,
                           width, precision);
    case Conversion::character:
      return append_character(out, integer_of(piece.value, record), piece.flags, width);
    case Conversion::string:
      return append_string_fitted(out, string_of(piece.value, record), piece.flags, width,
                                  precision);
    case Conversion::binary:
      return append_binary(out, integer_of(piece.value, record), piece.flags, width, precision);
    case Conversion::memory:
    case Conversion::memory_hex:
      return append_memory(out, string_of(piece.value, record),
                           piece.conversion == Conversion::memory_hex, piece.flags, width);
    case Conversion::histogram_log:
    case Conversion::histogram_linear:
      return append_buckets(out, piece, record);
  }
}

// Up to the first zero byte.
std::string_view chars_of(const char* record, const RecordField& field) {
  const char* text = record + field.offset;
  return {text, ::strnlen(text, field.size)};
}

}  // namespace

TextPlan::TextPlan(const RecordFormat& format) {
  for (const FormatPiece& piece : format.pieces) {
    steps_.push_back(prepare(piece, format));
    has_histogram_ |= piece.conversion == Conversion::histogram_log ||
                      piece.conversion == Conversion::histogram_linear;
  }
}

TextPlan::Step TextPlan::prepare(const FormatPiece& piece, const RecordFormat& format) {
  Step step;
  step.piece = &piece;
  if (piece.conversion == Conversion::literal) {
    step.kind = piece.text.size() > sizeof step.word ? Step::Kind::literal : Step::Kind::word;
    step.word_size = static_cast<uint8_t>(piece.text.copy(step.word, sizeof step.word));
    return step;
  }
  bool simple = piece.flags == 0 && piece.width.kind == Source::Kind::none &&
                piece.precision.kind == Source::Kind::none;
  auto index = static_cast<uint64_t>(piece.value.value);
  if (!simple || piece.value.kind != Source::Kind::field || index >= format.fields.size())
    return step;
  step.index = static_cast<uint32_t>(index);
  step.field = &format.fields[index];
  if (piece.conversion == Conversion::decimal) step.kind = Step::Kind::decimal;
  if (piece.conversion == Conversion::string)
    step.kind = step.field->kind == Kind::chars ? Step::Kind::chars : Step::Kind::text;
  return step;
}

void TextPlan::append(std::string& out, const RecordView& record) const {
  size_t start = out.size();
  TextStage stage(out);
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Step::Kind::word:
        stage.append_word(step.word, step.word_size);
        break;
      case Step::Kind::literal:
        stage.append(step.piece->text);
        break;
      case Step::Kind::decimal:
        stage.append_decimal(load_integer(record.bytes().data(), *step.field));
        break;
      case Step::Kind::chars:
        stage.append(chars_of(record.bytes().data(), *step.field));
        break;
      case Step::Kind::text:
        stage.append(record.string(step.index));
        break;
      case Step::Kind::general:
        append_piece(stage.flush(), *step.piece, record);
        break;
    }
  }
  stage.flush();
  if (!has_histogram_ && out.size() - start > kMaxPrintSize) out.resize(start + kMaxPrintSize);
}

}  // namespace stapd
