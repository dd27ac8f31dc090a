// Values into the bytes of a record: the other direction of RecordView. The VM prints with it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"

namespace stapd {

// The value of one field, by the field's kind.
struct RecordValue {
  int64_t number = 0;
  std::string_view bytes;             // chars, text, memory
  std::span<const uint64_t> buckets;  // missing ones are 0

  static RecordValue of(int64_t number) { return {number, {}, {}}; }
  static RecordValue of(std::string_view bytes) { return {0, bytes, {}}; }
  static RecordValue of(std::span<const uint64_t> buckets) { return {0, {}, buckets}; }
};

// How long the record of these values is and how much of each text it takes. Texts are cut, the
// last ones first, so that it never exceeds kMaxRecordSize.
struct RecordSize {
  uint32_t length = 0;  // bytes, a multiple of kUnit; 0 when even the fixed part is too long
  bool truncated = false;
};
RecordSize measure_record(const RecordFormat& format, std::span<const RecordValue> values);

// Writes everything but the header into `record`, whose size is at least measure_record().length.
// Values that are missing are 0.
void fill_record(std::span<std::byte> record, const RecordFormat& format, uint64_t time,
                 std::span<const RecordValue> values);

}  // namespace stapd
