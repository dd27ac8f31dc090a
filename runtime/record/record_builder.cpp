#include "runtime/record/record_builder.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"

namespace stapd {
namespace {

using Kind = RecordField::Kind;

const RecordValue kNothing;

const RecordValue& value_at(std::span<const RecordValue> values, size_t index) {
  return index < values.size() ? values[index] : kNothing;
}

// Bytes of a text that fit when `used` bytes of the record are taken.
uint32_t fitting(std::string_view text, uint32_t used) {
  return static_cast<uint32_t>(std::min<size_t>(text.size(), kMaxRecordSize - used));
}

template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

void store_integer(std::byte* to, uint16_t size, int64_t number) {
  switch (size) {
    case 1:
      return store(to, static_cast<int8_t>(number));
    case 2:
      return store(to, static_cast<int16_t>(number));
    case 4:
      return store(to, static_cast<int32_t>(number));
    default:
      return store(to, number);
  }
}

void store_fixed(std::byte* to, const RecordField& field, const RecordValue& value) {
  size_t wanted = field.kind == Kind::buckets ? value.buckets.size_bytes() : value.bytes.size();
  const void* from = field.kind == Kind::buckets ? static_cast<const void*>(value.buckets.data())
                                                 : value.bytes.data();
  size_t size = std::min<size_t>(wanted, field.size);
  std::memset(to, 0, field.size);
  if (size) std::memcpy(to, from, size);
}

}  // namespace

RecordSize measure_record(const RecordFormat& format, std::span<const RecordValue> values) {
  RecordSize size;
  if (format.fixed_size > kMaxRecordSize) return size;
  size.length = format.fixed_size;
  for (size_t i = 0; i < format.fields.size(); ++i) {
    if (format.fields[i].kind != Kind::text && format.fields[i].kind != Kind::memory) continue;
    std::string_view text = value_at(values, i).bytes;
    uint32_t taken = fitting(text, size.length);
    size.truncated |= taken < text.size();
    size.length += padded_to_unit(taken);
  }
  return size;
}

void fill_record(std::span<std::byte> record, const RecordFormat& format, uint64_t time,
                 std::span<const RecordValue> values) {
  STAPD_CHECK(record.size() >= format.fixed_size);
  std::memset(record.data() + kHeaderSize, 0, format.fixed_size - kHeaderSize);
  if (format.has_time) store(record.data() + kTimeOffset, time);
  uint32_t end = format.fixed_size;
  for (size_t i = 0; i < format.fields.size(); ++i) {
    const RecordField& field = format.fields[i];
    const RecordValue& value = value_at(values, i);
    std::byte* at = record.data() + field.offset;
    if (field.kind == Kind::signed_integer || field.kind == Kind::unsigned_integer) {
      store_integer(at, field.size, value.number);
    } else if (field.kind == Kind::chars || field.kind == Kind::buckets) {
      store_fixed(at, field, value);
    } else {
      uint32_t taken = fitting(value.bytes, end);
      uint32_t padded = padded_to_unit(taken);
      STAPD_CHECK(end + padded <= record.size());
      store(at, static_cast<uint16_t>(taken));
      if (taken) std::memcpy(record.data() + end, value.bytes.data(), taken);
      std::memset(record.data() + end + taken, 0, padded - taken);
      end += padded;
    }
  }
}

}  // namespace stapd
