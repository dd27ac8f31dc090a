#include "runtime/format/record_text.h"

#include "runtime/format/value_text.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
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

bool ends_with_newline(std::string_view text, size_t start) {
  return text.size() > start && text.back() == '\n';
}

}  // namespace

const char* channel_name(RecordChannel channel) {
  switch (channel) {
    case RecordChannel::output:
      return "output";
    case RecordChannel::warning:
      return "warning";
    case RecordChannel::error:
      return "error";
    case RecordChannel::heartbeat:
      return "heartbeat";
    case RecordChannel::system:
      return "system";
    case RecordChannel::notice:
      return "notice";
  }
  return "unknown";
}

RecordFormatter::RecordFormatter(std::span<const RecordFormat> formats, HistogramStyle style)
    : formats_(formats), style_(style) {
  plans_.reserve(formats.size());
  for (const RecordFormat& format : formats) plans_.push_back(prepare(format));
}

RecordFormatter::Plan RecordFormatter::prepare(const RecordFormat& format) {
  Plan plan;
  for (const FormatPiece& piece : format.pieces) {
    plan.steps.push_back(prepare(piece));
    plan.has_histogram |= piece.conversion == Conversion::histogram_log ||
                          piece.conversion == Conversion::histogram_linear;
  }
  return plan;
}

RecordFormatter::Step RecordFormatter::prepare(const FormatPiece& piece) {
  Step step;
  step.piece = &piece;
  bool simple = piece.flags == 0 && piece.width.kind == Source::Kind::none &&
                piece.precision.kind == Source::Kind::none;
  if (piece.conversion == Conversion::literal) {
    step.kind = Step::Kind::literal;
    step.literal = piece.text;
  } else if (simple && piece.value.kind == Source::Kind::field) {
    step.field = static_cast<uint32_t>(piece.value.value);
    if (piece.conversion == Conversion::decimal) step.kind = Step::Kind::decimal;
    if (piece.conversion == Conversion::string) step.kind = Step::Kind::string;
  }
  return step;
}

std::optional<RecordView> RecordFormatter::view_untrusted(std::string_view record) const {
  auto header = read_header(record);
  if (!header || header->format >= formats_.size()) return std::nullopt;
  return RecordView::parse_untrusted(record, formats_[header->format]);
}

void RecordFormatter::append_text(std::string& out, const RecordView& record) const {
  size_t start = out.size();
  switch (record.format().channel) {
    case RecordChannel::output:
    case RecordChannel::system:
    case RecordChannel::heartbeat:
      return append_plain_text(out, record);
    case RecordChannel::error:
      out += "ERROR: ";
      append_plain_text(out, record);
      if (!record.format().near.empty()) out.append(" ").append(record.format().near);
      break;
    case RecordChannel::warning:
      out += "WARNING: ";
      append_plain_text(out, record);
      break;
    case RecordChannel::notice:
      append_plain_text(out, record);
      break;
  }
  if (!ends_with_newline(out, start)) out += '\n';
}

void RecordFormatter::append_plain_text(std::string& out, const RecordView& record) const {
  size_t start = out.size();
  if (record.header().format >= plans_.size()) return;
  const Plan& plan = plans_[record.header().format];
  for (const Step& step : plan.steps) {
    switch (step.kind) {
      case Step::Kind::literal:
        out.append(step.literal);
        break;
      case Step::Kind::decimal:
        append_decimal(out, record.integer(step.field));
        break;
      case Step::Kind::string:
        out.append(record.string(step.field));
        break;
      case Step::Kind::general:
        append_piece(out, *step.piece, record);
        break;
    }
  }
  if (!plan.has_histogram && out.size() - start > kMaxPrintSize) out.resize(start + kMaxPrintSize);
}

void RecordFormatter::append_piece(std::string& out, const FormatPiece& piece,
                                   const RecordView& record) const {
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

void RecordFormatter::append_buckets(std::string& out, const FormatPiece& piece,
                                     const RecordView& record) const {
  if (piece.value.kind != Source::Kind::field) return;
  auto field = static_cast<size_t>(piece.value.value);
  std::vector<uint64_t> buckets(record.bucket_count(field));
  for (size_t i = 0; i < buckets.size(); ++i) buckets[i] = record.bucket(field, i);
  append_histogram(out, record.format().histogram, buckets, style_);
}

}  // namespace stapd
