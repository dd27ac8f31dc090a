#include "runtime/vm/memory_maps.h"

#include <cerrno>

#include "runtime/image/map_layout.h"

namespace stapd {

MemoryMaps::MemoryMaps(const ProgramImage& image, uint32_t cpus)
    : image_(image),
      cpus_(cpus),
      state_((image.maps[kStateMap].value_size + 7) / 8),
      maps_(image.maps.size()) {
  for (uint32_t i = kFixedMaps; i < image.maps.size(); ++i)
    if (image.maps[i].type == MapSpec::Type::percpu_array)
      maps_[i][std::string(4, '\0')] =
          std::string(round_up_8(image.maps[i].value_size) * cpus_, '\0');
}

bool MemoryMaps::is_percpu(uint32_t map) const {
  MapSpec::Type type = image_.maps[map].type;
  return type == MapSpec::Type::percpu_hash || type == MapSpec::Type::percpu_array;
}

bool MemoryMaps::lookup(uint32_t map, std::string_view key, std::string& value) {
  auto it = maps_[map].find(key);
  if (it == maps_[map].end()) return false;
  value = it->second;
  return true;
}

int MemoryMaps::update(uint32_t map, std::string_view key, std::string_view value, bool only_new) {
  auto& elements = maps_[map];
  auto it = elements.find(key);
  if (it != elements.end()) {
    if (only_new) return -EEXIST;
    it->second = value;
    return 0;
  }
  if (elements.size() >= image_.maps[map].max_entries) return -E2BIG;
  elements.emplace(key, value);
  return 0;
}

void MemoryMaps::remove(uint32_t map, std::string_view key) {
  auto it = maps_[map].find(key);
  if (it != maps_[map].end()) maps_[map].erase(it);
}

void MemoryMaps::for_each(uint32_t map,
                          const std::function<void(std::string_view, std::string_view)>& f) {
  for (const auto& [key, value] : maps_[map]) f(key, value);
}

}  // namespace stapd
