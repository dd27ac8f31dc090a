// Keys and values of a session's maps, out of and into their bytes (runtime/image/map_layout.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/image/program_image.h"

namespace stapd {

// A string in the form that its capacity has in a map.
std::string decode_string(std::string_view bytes, uint32_t capacity);
void encode_string(std::byte* to, uint32_t capacity, std::string_view text);

// One member of a key.
struct KeyValue {
  int64_t number = 0;
  std::string text;
};
KeyValue decode_key_part(std::string_view key, const KeyPart& part);
void encode_key_part(std::string& key, const KeyPart& part, const KeyValue& value);

// A statistic merged over the CPUs.
struct StatValue {
  uint64_t insertion = 0;
  int64_t count = 0, sum = 0, min = 0, max = 0, variance = 0;
  std::vector<uint64_t> buckets;

  // Truncated toward 0; the count is not 0.
  int64_t average() const { return sum / count; }
};
// `values`: of all CPUs, one after the other.
StatValue merge_statistic(std::string_view values, const StatisticShape& shape, uint32_t cpus);
// Adds a sample to one CPU's value.
void add_sample(std::byte* value, const StatisticShape& shape, int64_t sample);

// The insertion number of an element of any kind.
uint64_t insertion_of(std::string_view value, const GlobalSpec& global, uint32_t cpus);

}  // namespace stapd
