// One record, checked against its format. Bytes of a ring or of a recording are not trusted until
// they went through here; afterwards every accessor is safe, also for a field that does not exist.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/record/record_format.h"
#include "runtime/record/record_layout.h"

namespace stapd {

// The first word of a record.
struct RecordHeader {
  uint32_t count = 0;   // low kCountBits bits of its number
  uint8_t flags = 0;    // kReserved, kCommitted, kTruncated
  uint32_t length = 0;  // bytes, header and padding included
  uint16_t format = 0;
};

constexpr RecordHeader unpack_header(uint64_t word) {
  return {static_cast<uint32_t>(word & kCountMask), static_cast<uint8_t>(word >> kCountBits),
          static_cast<uint32_t>(word >> kLengthShift & 0xffff) * kUnit,
          static_cast<uint16_t>(word >> kFormatShift)};
}

// A record that was reserved when count wrapped is one unit longer than its content.
constexpr uint32_t kMaxLengthInRing = kMaxRecordSize + kUnit;

// The header at the start of `bytes`; nothing when there is no room for one.
inline std::optional<RecordHeader> read_header(std::string_view bytes) {
  uint64_t word;
  if (bytes.size() < sizeof word) return std::nullopt;
  std::memcpy(&word, bytes.data(), sizeof word);
  return unpack_header(word);
}

constexpr uint32_t padded_to_unit(uint32_t size) { return (size + kUnit - 1) / kUnit * kUnit; }

// Whether a format makes sense by itself: sizes, offsets and indexes are in range. Formats from
// image files and recordings are not trusted either.
Status check_format(const RecordFormat& format);

// A format of which is known whether its fields lie in its records: looked at once for many of
// them.
class CheckedFormat {
 public:
  explicit CheckedFormat(const RecordFormat& format);  // borrows

  const RecordFormat& format() const { return *format_; }
  // No record fits one that is not.
  bool is_sane() const { return is_sane_; }
  // Offsets of the lengths of what lies behind the fixed part.
  const std::vector<uint16_t>& lengths() const { return lengths_; }

 private:
  const RecordFormat* format_;
  bool is_sane_;
  std::vector<uint16_t> lengths_;
};

// The value of an integer field of a record that starts at `record`; of another field 0.
inline int64_t load_integer(const char* record, const RecordField& field) {
  auto load = [at = record + field.offset]<class T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return static_cast<int64_t>(value);
  };
  bool is_signed = field.kind == RecordField::Kind::signed_integer;
  if (!is_signed && field.kind != RecordField::Kind::unsigned_integer) return 0;
  switch (field.size) {
    case 1:
      return is_signed ? load(int8_t{}) : load(uint8_t{});
    case 2:
      return is_signed ? load(int16_t{}) : load(uint16_t{});
    case 4:
      return is_signed ? load(int32_t{}) : load(uint32_t{});
    default:
      return load(int64_t{});
  }
}

class RecordView {
 public:
  // `bytes` starts with the header and must hold the whole record, may hold more. Borrows all.
  static std::optional<RecordView> parse_untrusted(std::string_view bytes,
                                                   const CheckedFormat& format) {
    uint32_t end = format.format().fixed_size;
    auto header = read_header(bytes);
    if (!header || header->length > bytes.size() || header->length < end || !format.is_sane())
      return std::nullopt;
    RecordView view({bytes.data(), header->length}, *header, format.format());
    for (uint16_t length : format.lengths()) end += padded_to_unit(view.load<uint16_t>(length));
    if (end > header->length) return std::nullopt;
    return view;
  }
  // For a single record.
  static std::optional<RecordView> parse_untrusted(std::string_view bytes,
                                                   const RecordFormat& format) {
    return parse_untrusted(bytes, CheckedFormat(format));
  }

  const RecordFormat& format() const { return *format_; }
  const RecordHeader& header() const { return header_; }
  std::string_view bytes() const { return bytes_; }  // header.length of them
  bool truncated() const { return header_.flags & kTruncated; }
  uint64_t time() const { return format_->has_time ? load<uint64_t>(kTimeOffset) : 0; }

  // The value of an integer field, extended by its sign or by zeros; else 0.
  int64_t integer(size_t field) const;
  // The bytes of a chars, text or memory field; else "".
  std::string_view string(size_t field) const;
  // Of a field of buckets; else 0.
  size_t bucket_count(size_t field) const;
  uint64_t bucket(size_t field, size_t index) const;

 private:
  RecordView(std::string_view bytes, RecordHeader header, const RecordFormat& format)
      : bytes_(bytes), header_(header), format_(&format) {}
  template <class T>
  T load(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::string_view bytes_;
  RecordHeader header_;
  const RecordFormat* format_;
};

}  // namespace stapd
