// Whole records as bytes, as they stand in a ring.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "runtime/record/record_builder.h"

namespace stapd::test {

inline std::string record_bytes(const RecordFormat& format, uint16_t format_number,
                                const std::vector<RecordValue>& values, uint64_t time = 0,
                                uint32_t count = 1) {
  RecordSize size = measure_record(format, values);
  std::string bytes(size.length, '\0');
  auto span = std::as_writable_bytes(std::span(bytes));
  uint8_t flags = size.truncated ? kCommitted | kTruncated : kCommitted;
  uint64_t word = record_header(count, flags, size.length, format_number);
  std::memcpy(span.data(), &word, sizeof word);
  fill_record(span, format, time, values);
  return bytes;
}

}  // namespace stapd::test
