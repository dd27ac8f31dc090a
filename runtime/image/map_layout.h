// How values lie in the maps of a session: agreed between the programs in the kernel, the VM and
// whoever prints globals.
//
//   integer element     u64 insertion, s64 value
//   string element      u64 insertion, string
//   statistic           u64 insertion, s64 count, sum, min, max [, mean, m2] [, u64 buckets...]
//
// A string of capacity up to kShortCapacity is its bytes, zero padded to 8 or 16. A longer one is
// u64 length, the bytes, zeros to a multiple of 8, and 8 bytes more: the 8 bytes behind the last
// character are zero, so that strings can be compared in words.
#pragma once

#include <cstdint>

#include "runtime/image/program_image.h"

namespace stapd {

constexpr uint32_t round_up_8(uint32_t size) { return (size + 7) & ~7u; }

constexpr uint32_t kShortCapacity = 16;
constexpr bool is_short_string(uint32_t capacity) { return capacity <= kShortCapacity; }
constexpr uint32_t kStringTail = 8;
constexpr uint32_t long_string_bytes(uint32_t capacity) {
  return 8 + round_up_8(capacity) + kStringTail;
}
constexpr uint32_t string_bytes(uint32_t capacity) {
  return is_short_string(capacity) ? round_up_8(capacity) : long_string_bytes(capacity);
}

constexpr uint32_t kElementValueOffset = 8;  // behind the insertion number

// Offsets in a statistic's value.
constexpr uint32_t kStatCount = 8;
constexpr uint32_t kStatSum = 16;
constexpr uint32_t kStatMin = 24;
constexpr uint32_t kStatMax = 32;
constexpr uint32_t kStatMean = 40;  // with variance
constexpr uint32_t kStatM2 = 48;
constexpr uint32_t stat_buckets_offset(const StatisticShape& shape) {
  return shape.variance ? 56 : 40;
}
inline uint32_t stat_value_size(const StatisticShape& shape) {
  return stat_buckets_offset(shape) + (shape.histogram ? 8 * shape.histogram->buckets : 0);
}

// A wrapping array's order map: entries of u64 insertion and key, by insertion modulo their number;
// one more entry behind them for a key that is being looked at.
constexpr uint32_t order_slots(uint32_t max_entries) {
  uint32_t slots = 2;
  while (slots < 2 * max_entries) slots *= 2;
  return slots;
}
constexpr uint32_t order_stride(uint32_t key_size) { return 8 + key_size; }

// Size of one element's value, and of a scalar in the state map.
inline uint32_t value_size(const GlobalSpec& global) {
  switch (global.kind) {
    case ValueKind::integer:
      return global.is_array ? 16 : 8;
    case ValueKind::string:
      return (global.is_array ? 8 : 0) + string_bytes(global.capacity);
    case ValueKind::statistic:
      return stat_value_size(global.statistic);
  }
  return 0;
}

}  // namespace stapd
