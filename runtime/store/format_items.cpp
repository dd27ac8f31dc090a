#include "runtime/store/format_items.h"

#include "runtime/record/record_view.h"
#include "runtime/store/items.h"

namespace stapd {
namespace {

using Source = FormatPiece::Source;

constexpr uint32_t kMaxBuckets = 128;
// More than fit a record: what a few bytes of damage may make us allocate.
constexpr size_t kMaxFields = kMaxRecordSize, kMaxPieces = 2 * kMaxRecordSize;

namespace tag {
// Of a format.
enum : uint32_t { channel = 1, has_time, fixed_size, probe, field, piece, histogram, near };
// Of a field.
enum : uint32_t { field_kind = 1, field_offset, field_size, field_name };
// Of a piece.
enum : uint32_t { conversion = 1, flags, width, precision, value, text };
// Of a source.
enum : uint32_t { source_kind = 1, source_value, source_text };
// Of a histogram.
enum : uint32_t { linear = 1, start, stop, step, buckets };
}  // namespace tag

std::string encode_field(const RecordField& field) {
  ItemWriter out;
  out.put_number(tag::field_kind, static_cast<uint64_t>(field.kind));
  out.put_number(tag::field_offset, field.offset);
  out.put_number(tag::field_size, field.size);
  out.put_text(tag::field_name, field.name);
  return out.take();
}

bool decode_field(std::string_view bytes, RecordField& field) {
  ItemReader in(bytes);
  field = {};
  field.size = 0;
  while (in.next()) {
    if (in.tag() == tag::field_kind) field.kind = in.enumerator(RecordField::Kind::memory);
    if (in.tag() == tag::field_offset) field.offset = in.number_as<uint16_t>();
    if (in.tag() == tag::field_size) field.size = in.number_as<uint16_t>();
    if (in.tag() == tag::field_name) field.name = in.text();
  }
  return in.ok();
}

void put_source(ItemWriter& out, uint32_t number, const Source& source) {
  if (source.kind == Source::Kind::none) return;
  ItemWriter items;
  items.put_number(tag::source_kind, static_cast<uint64_t>(source.kind));
  items.put_signed(tag::source_value, source.value);
  items.put_text(tag::source_text, source.text);
  out.put(number, items.take());
}

bool decode_source(std::string_view bytes, Source& source) {
  ItemReader in(bytes);
  source = {};
  while (in.next()) {
    if (in.tag() == tag::source_kind) source.kind = in.enumerator(Source::Kind::literal);
    if (in.tag() == tag::source_value) source.value = in.number_signed();
    if (in.tag() == tag::source_text) source.text = in.text();
  }
  return in.ok();
}

std::string encode_piece(const FormatPiece& piece) {
  ItemWriter out;
  out.put_number(tag::conversion, static_cast<uint64_t>(piece.conversion));
  out.put_number(tag::flags, piece.flags);
  put_source(out, tag::width, piece.width);
  put_source(out, tag::precision, piece.precision);
  put_source(out, tag::value, piece.value);
  out.put_text(tag::text, piece.text);
  return out.take();
}

bool decode_piece(std::string_view bytes, FormatPiece& piece) {
  using Conversion = FormatPiece::Conversion;
  ItemReader in(bytes);
  bool good = true;
  while (in.next()) {
    if (in.tag() == tag::conversion) piece.conversion = in.enumerator(Conversion::histogram_linear);
    if (in.tag() == tag::flags) piece.flags = in.number_as<uint8_t>();
    if (in.tag() == tag::width) good &= decode_source(in.bytes(), piece.width);
    if (in.tag() == tag::precision) good &= decode_source(in.bytes(), piece.precision);
    if (in.tag() == tag::value) good &= decode_source(in.bytes(), piece.value);
    if (in.tag() == tag::text) piece.text = in.text();
  }
  return good && in.ok();
}

std::string encode_histogram(const HistogramShape& shape) {
  ItemWriter out;
  out.put_number(tag::linear, shape.linear);
  out.put_signed(tag::start, shape.start);
  out.put_signed(tag::stop, shape.stop);
  out.put_signed(tag::step, shape.width);
  out.put_number(tag::buckets, shape.buckets);
  return out.take();
}

bool decode_histogram(std::string_view bytes, HistogramShape& shape) {
  ItemReader in(bytes);
  while (in.next()) {
    if (in.tag() == tag::linear) shape.linear = in.number() != 0;
    if (in.tag() == tag::start) shape.start = in.number_signed();
    if (in.tag() == tag::stop) shape.stop = in.number_signed();
    if (in.tag() == tag::step) shape.width = in.number_signed();
    if (in.tag() == tag::buckets) shape.buckets = in.number_as<uint32_t>();
  }
  return in.ok() && shape.buckets <= kMaxBuckets;
}

}  // namespace

std::string encode_format(const RecordFormat& format) {
  ItemWriter out;
  out.put_number(tag::channel, static_cast<uint64_t>(format.channel));
  out.put_number(tag::has_time, format.has_time);
  out.put_number(tag::fixed_size, format.fixed_size);
  out.put_number(tag::probe, format.probe);
  for (const RecordField& field : format.fields) out.put(tag::field, encode_field(field));
  for (const FormatPiece& piece : format.pieces) out.put(tag::piece, encode_piece(piece));
  out.put_text(tag::histogram, encode_histogram(format.histogram));
  out.put_text(tag::near, format.near);
  return out.take();
}

std::optional<RecordFormat> decode_format_untrusted(std::string_view bytes) {
  RecordFormat format;
  format.has_time = false;
  format.fixed_size = 0;
  ItemReader in(bytes);
  bool good = true;
  while (in.next() && good) {
    if (in.tag() == tag::channel) format.channel = in.enumerator(RecordChannel::heartbeat);
    if (in.tag() == tag::has_time) format.has_time = in.number() != 0;
    if (in.tag() == tag::fixed_size) format.fixed_size = in.number_as<uint16_t>();
    if (in.tag() == tag::probe) format.probe = in.number_as<uint32_t>();
    if (in.tag() == tag::field) good = decode_field(in.bytes(), format.fields.emplace_back());
    if (in.tag() == tag::piece) good = decode_piece(in.bytes(), format.pieces.emplace_back());
    if (in.tag() == tag::histogram) good = decode_histogram(in.bytes(), format.histogram);
    if (in.tag() == tag::near) format.near = in.text();
    good &= format.fields.size() <= kMaxFields && format.pieces.size() <= kMaxPieces;
  }
  if (!good || !in.ok() || !check_format(format)) return std::nullopt;
  return format;
}

}  // namespace stapd
