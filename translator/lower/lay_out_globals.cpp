#include "translator/lower/lay_out_globals.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "runtime/image/map_layout.h"
#include "runtime/image/map_names.h"

namespace stapd {
namespace {

constexpr uint32_t kCacheLine = 64;

class Layout {
 public:
  Layout(const sem::Program& program, ProgramImage& image) : program_(program), image_(image) {}

  void run() {
    add_fixed_maps();
    add_error_times();
    for (const sem::Global& global : program_.globals) add(global);
    image_.maps[kStateMap].value_size = round_up_8(next_) + kStringSlack;
  }

 private:
  // Behind the last string: a copy is checked with its greatest length.
  static constexpr uint32_t kStringSlack = 64;

  void add_fixed_maps() {
    image_.maps.resize(kFixedMaps);
    image_.maps[kRingMap] = {kRingPin, MapSpec::Type::array, 4, 0, 0, true};
    image_.maps[kStateMap] = {kStatePin, MapSpec::Type::array, 4, 0, 1, true};
    image_.maps[kControlMap] = {"control", MapSpec::Type::ring_buffer, 0, 0, 4096, false};
    image_.maps[kScratchMap] = {"scratch", MapSpec::Type::array, 4, 64, 0, false};
    image_.maps[kDataMap] = {"data", MapSpec::Type::array, 4, 8, 1, false};
  }

  void add_error_times() {
    if (!image_.limits.error_window_ms) return;
    image_.error_times.slots = std::bit_ceil(image_.limits.max_errors + 1);
    image_.error_times.state_offset = take(8 * image_.error_times.slots);
  }

  uint32_t take(uint32_t bytes) {
    uint32_t at = next_;
    next_ += round_up_8(bytes);
    return at;
  }

  // A lock has a cache line of its own: CPUs wait on it.
  uint32_t take_lock() {
    next_ = (next_ + kCacheLine - 1) / kCacheLine * kCacheLine;
    return take(kCacheLine);
  }

  void add(const sem::Global& global) {
    GlobalSpec spec;
    spec.name = global.name;
    spec.is_array = !global.key.empty();
    spec.kind = global.type == sem::Type::string      ? ValueKind::string
                : global.type == sem::Type::statistic ? ValueKind::statistic
                                                      : ValueKind::integer;
    spec.capacity = spec.kind == ValueKind::string ? round_up_8(std::max(global.capacity, 8u)) : 0;
    spec.statistic = global.statistic;
    spec.max_entries = global.max_entries ? global.max_entries : program_.limits.max_map_entries;
    spec.wrap = global.wrap;
    spec.init = global.init.value_or(0);
    spec.init_text = global.init_text.value_or("");
    spec.show_at_end = global.from_user_file && global.is_written && !global.is_read;
    spec.show_as_pointer = global.pointer_typed;
    spec.lock_offset = take_lock();
    add_key(global, spec);
    if (spec.is_array)
      spec.sequence_offset = take(16);
    else if (spec.kind != ValueKind::statistic)
      spec.state_offset = take(value_size(spec));
    if (spec.is_array || spec.kind == ValueKind::statistic) add_map(spec);
    image_.globals.push_back(std::move(spec));
  }

  static void add_key(const sem::Global& global, GlobalSpec& spec) {
    for (size_t i = 0; i < global.key.size(); ++i) {
      KeyPart part;
      part.is_string = global.key[i] == sem::Type::string;
      part.offset = static_cast<uint16_t>(spec.key_size);
      part.size = part.is_string
                      ? static_cast<uint16_t>(round_up_8(std::max(global.key_capacity[i], 8u)))
                      : 8;
      spec.key_size += part.size;
      spec.key.push_back(part);
    }
  }

  void add_map(GlobalSpec& spec) {
    MapSpec map;
    spec.map = static_cast<uint32_t>(image_.maps.size());
    map.name = fmt::format("g{}_{}", image_.globals.size(), spec.name).substr(0, 15);
    map.value_size = value_size(spec);
    bool statistic = spec.kind == ValueKind::statistic;
    if (spec.is_array) {
      map.type = statistic ? MapSpec::Type::percpu_hash : MapSpec::Type::hash;
      map.key_size = spec.key_size;
      map.max_entries = spec.max_entries;
    } else {
      map.type = MapSpec::Type::percpu_array;
      map.max_entries = 1;
    }
    image_.maps.push_back(map);
    if (spec.wrap) add_order_map(spec);
  }

  void add_order_map(GlobalSpec& spec) {
    MapSpec map;
    spec.order_map = static_cast<uint32_t>(image_.maps.size());
    map.name = fmt::format("o{}_{}", image_.globals.size(), spec.name).substr(0, 15);
    map.value_size = (order_slots(spec.max_entries) + 1) * order_stride(spec.key_size);
    image_.maps.push_back(map);
  }

  const sem::Program& program_;
  ProgramImage& image_;
  uint32_t next_ = sizeof(SessionState);
};

}  // namespace

void lay_out_globals(const sem::Program& program, ProgramImage& image) {
  Layout(program, image).run();
}

}  // namespace stapd
