#include "runtime/record/record_view.h"

namespace stapd {
namespace {

using Kind = RecordField::Kind;

// Bytes that a field takes in the fixed part.
constexpr uint32_t fixed_bytes(const RecordField& field) {
  return field.kind == Kind::text || field.kind == Kind::memory ? sizeof(uint16_t) : field.size;
}

constexpr bool has_bytes_behind(const RecordField& field) {
  return field.kind == Kind::text || field.kind == Kind::memory;
}

constexpr uint32_t head_size(const RecordFormat& format) {
  return kHeaderSize + (format.has_time ? sizeof(uint64_t) : 0);
}

bool is_sane(const RecordField& field, const RecordFormat& format) {
  if (field.offset < head_size(format)) return false;
  if (field.offset + fixed_bytes(field) > format.fixed_size) return false;
  switch (field.kind) {
    case Kind::signed_integer:
    case Kind::unsigned_integer:
      return field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
    case Kind::buckets:
      return field.size % sizeof(uint64_t) == 0;
    case Kind::chars:
    case Kind::text:
    case Kind::memory:
      return true;
  }
  return false;
}

bool is_sane(const FormatPiece::Source& source, const RecordFormat& format) {
  return source.kind != FormatPiece::Source::Kind::field ||
         (source.value >= 0 && static_cast<uint64_t>(source.value) < format.fields.size());
}

bool fixed_part_is_sane(const RecordFormat& format) {
  if (format.fixed_size < head_size(format) || format.fixed_size % kUnit != 0) return false;
  for (const RecordField& field : format.fields)
    if (!is_sane(field, format)) return false;
  return true;
}

}  // namespace

Status check_format(const RecordFormat& format) {
  if (!fixed_part_is_sane(format) || format.fixed_size > kMaxRecordSize)
    return fail(ErrorCode::corrupt, "a record format with fields outside its record");
  for (const FormatPiece& piece : format.pieces)
    for (const auto* source : {&piece.width, &piece.precision, &piece.value})
      if (!is_sane(*source, format))
        return fail(ErrorCode::corrupt, "a record format that prints a field it does not have");
  return {};
}

CheckedFormat::CheckedFormat(const RecordFormat& format)
    : format_(&format), is_sane_(fixed_part_is_sane(format)) {
  for (const RecordField& field : format.fields)
    if (has_bytes_behind(field)) lengths_.push_back(field.offset);
}

int64_t RecordView::integer(size_t index) const {
  if (index >= format_->fields.size()) return 0;
  return load_integer(bytes_.data(), format_->fields[index]);
}

std::string_view RecordView::string(size_t index) const {
  if (index >= format_->fields.size()) return {};
  const RecordField& field = format_->fields[index];
  if (field.kind == Kind::chars) {
    std::string_view all = bytes_.substr(field.offset, field.size);
    return all.substr(0, all.find('\0'));
  }
  if (!has_bytes_behind(field)) return {};
  uint32_t start = format_->fixed_size;
  for (size_t i = 0; i < index; ++i)
    if (has_bytes_behind(format_->fields[i]))
      start += padded_to_unit(load<uint16_t>(format_->fields[i].offset));
  return bytes_.substr(start, load<uint16_t>(field.offset));
}

size_t RecordView::bucket_count(size_t index) const {
  if (index >= format_->fields.size() || format_->fields[index].kind != Kind::buckets) return 0;
  return format_->fields[index].size / sizeof(uint64_t);
}

uint64_t RecordView::bucket(size_t field, size_t index) const {
  if (index >= bucket_count(field)) return 0;
  return load<uint64_t>(format_->fields[field].offset + index * sizeof(uint64_t));
}

}  // namespace stapd
