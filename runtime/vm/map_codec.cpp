#include "runtime/vm/map_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/image/map_layout.h"

namespace stapd {
namespace {

int64_t load(std::string_view bytes, size_t offset) {
  int64_t value = 0;
  if (offset + 8 <= bytes.size()) std::memcpy(&value, bytes.data() + offset, 8);
  return value;
}

int64_t load(const std::byte* bytes, size_t offset) {
  int64_t value;
  std::memcpy(&value, bytes + offset, 8);
  return value;
}

void store(std::byte* bytes, size_t offset, int64_t value) {
  std::memcpy(bytes + offset, &value, 8);
}

// Arithmetic of the language: it wraps.
int64_t add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

uint32_t bucket_of(const HistogramShape& shape, int64_t sample) {
  if (shape.linear) {
    if (sample < shape.start) return 0;
    uint64_t index =
        static_cast<uint64_t>(sub(sample, shape.start)) / static_cast<uint64_t>(shape.width) + 1;
    return static_cast<uint32_t>(std::min<uint64_t>(index, shape.buckets - 1));
  }
  uint64_t magnitude =
      sample < 0 ? 0 - static_cast<uint64_t>(sample) : static_cast<uint64_t>(sample);
  uint32_t bits = static_cast<uint32_t>(std::bit_width(magnitude));
  return sample < 0 ? kLogZeroBucket - bits : kLogZeroBucket + bits;
}

// SystemTap's: each CPU's mean and m2 are integers, shifted left by the declared bits. The whole is
// (sum of count * (mean - whole mean)^2 + sum of m2) / (count - 1), with m2 rounded through the
// CPU's own variance.
int64_t merge_variance(std::string_view values, const StatisticShape& shape, uint32_t cpus,
                       const StatValue& total) {
  if (total.count < 2) return 0;
  uint32_t stride = round_up_8(stat_value_size(shape));
  int64_t shifted = static_cast<int64_t>(static_cast<uint64_t>(total.sum) << shape.bit_shift);
  int64_t mean = shifted / total.count;
  int64_t between = 0, within = 0;
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    std::string_view value = values.substr(std::min<size_t>(values.size(), cpu * stride));
    int64_t count = load(value, kStatCount);
    if (count == 0) continue;
    int64_t distance = sub(load(value, kStatMean), mean);
    between = add(between, mul(count, mul(distance, distance)));
    int64_t variance = count < 2 ? 0 : load(value, kStatM2) / (count - 1);
    within = add(within, mul(count - 1, variance));
  }
  return add(between, within) / (total.count - 1) >> (2 * shape.bit_shift);
}

}  // namespace

std::string decode_string(std::string_view bytes, uint32_t capacity) {
  if (is_short_string(capacity)) {
    std::string_view text = bytes.substr(0, round_up_8(capacity));
    return std::string(text.substr(0, std::min(text.find('\0'), text.size())));
  }
  uint64_t length = static_cast<uint64_t>(load(bytes, 0));
  if (bytes.size() < 8) return "";
  std::string_view text = bytes.substr(8);
  return std::string(text.substr(0, std::min<uint64_t>({length, capacity - 1, text.size()})));
}

void encode_string(std::byte* to, uint32_t capacity, std::string_view text) {
  text = text.substr(0, capacity - 1);
  if (is_short_string(capacity)) {
    std::memset(to, 0, round_up_8(capacity));
    std::memcpy(to, text.data(), text.size());
    return;
  }
  store(to, 0, static_cast<int64_t>(text.size()));
  std::memcpy(to + 8, text.data(), text.size());
  std::memset(to + 8 + text.size(), 0, kStringTail);
}

KeyValue decode_key_part(std::string_view key, const KeyPart& part) {
  KeyValue value;
  if (!part.is_string) {
    value.number = load(key, part.offset);
    return value;
  }
  std::string_view text = key.substr(std::min<size_t>(part.offset, key.size()), part.size);
  value.text = text.substr(0, std::min(text.find('\0'), text.size()));
  return value;
}

void encode_key_part(std::string& key, const KeyPart& part, const KeyValue& value) {
  if (key.size() < part.offset + part.size) key.resize(part.offset + part.size);
  if (part.is_string)
    std::memcpy(key.data() + part.offset, value.text.data(),
                std::min<size_t>(value.text.size(), part.size - 1));
  else
    std::memcpy(key.data() + part.offset, &value.number, 8);
}

StatValue merge_statistic(std::string_view values, const StatisticShape& shape, uint32_t cpus) {
  StatValue total;
  if (shape.histogram) total.buckets.resize(shape.histogram->buckets);
  uint32_t stride = round_up_8(stat_value_size(shape));
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    std::string_view value = values.substr(std::min<size_t>(values.size(), cpu * stride));
    total.insertion = std::max(total.insertion, static_cast<uint64_t>(load(value, 0)));
    int64_t count = load(value, kStatCount);
    if (count == 0) continue;
    int64_t min = load(value, kStatMin), max = load(value, kStatMax);
    total.min = total.count == 0 ? min : std::min(total.min, min);
    total.max = total.count == 0 ? max : std::max(total.max, max);
    total.count += count;
    total.sum = add(total.sum, load(value, kStatSum));
    for (size_t i = 0; i < total.buckets.size(); ++i)
      total.buckets[i] += static_cast<uint64_t>(load(value, stat_buckets_offset(shape) + 8 * i));
  }
  if (shape.variance) total.variance = merge_variance(values, shape, cpus, total);
  return total;
}

void add_sample(std::byte* value, const StatisticShape& shape, int64_t sample) {
  int64_t count = load(value, kStatCount) + 1;
  if (count == 1 || sample < load(value, kStatMin)) store(value, kStatMin, sample);
  if (count == 1 || sample > load(value, kStatMax)) store(value, kStatMax, sample);
  store(value, kStatCount, count);
  store(value, kStatSum, add(load(value, kStatSum), sample));
  if (shape.variance) {
    int64_t shifted = static_cast<int64_t>(static_cast<uint64_t>(sample) << shape.bit_shift);
    if (count == 1) {
      store(value, kStatMean, shifted);
    } else {
      int64_t delta = sub(shifted, load(value, kStatMean));
      int64_t mean = add(load(value, kStatMean), delta / count);
      store(value, kStatMean, mean);
      store(value, kStatM2, add(load(value, kStatM2), mul(delta, sub(shifted, mean))));
    }
  }
  if (shape.histogram) {
    size_t at = stat_buckets_offset(shape) + 8 * bucket_of(*shape.histogram, sample);
    store(value, at, load(value, at) + 1);
  }
}

uint64_t insertion_of(std::string_view value, const GlobalSpec& global, uint32_t cpus) {
  if (global.kind != ValueKind::statistic) return static_cast<uint64_t>(load(value, 0));
  uint64_t number = 0;
  uint32_t stride = round_up_8(stat_value_size(global.statistic));
  for (uint32_t cpu = 0; cpu < cpus; ++cpu)
    number =
        std::max(number, static_cast<uint64_t>(load(value, static_cast<size_t>(cpu) * stride)));
  return number;
}

}  // namespace stapd
