#include "runtime/recorder/kernel_maps.h"

#include "runtime/image/map_layout.h"
#include "runtime/load/map_calls.h"

namespace stapd {

size_t KernelMaps::value_bytes(uint32_t map) const {
  const MapSpec& spec = image_.maps[map];
  bool percpu = spec.type == MapSpec::Type::percpu_hash || spec.type == MapSpec::Type::percpu_array;
  return percpu ? size_t{round_up_8(spec.value_size)} * cpus() : spec.value_size;
}

bool KernelMaps::lookup(uint32_t map, std::string_view key, std::string& value) {
  value.resize(value_bytes(map));
  return lookup_element(maps_.fd(map), key, value);
}

int KernelMaps::update(uint32_t map, std::string_view key, std::string_view value, bool only_new) {
  return update_element(maps_.fd(map), key, value, only_new);
}

void KernelMaps::remove(uint32_t map, std::string_view key) { delete_element(maps_.fd(map), key); }

void KernelMaps::for_each(uint32_t map,
                          const std::function<void(std::string_view, std::string_view)>& f) {
  const MapSpec& spec = image_.maps[map];
  if (spec.type == MapSpec::Type::hash || spec.type == MapSpec::Type::percpu_hash)
    for_each_element(maps_.fd(map), spec.key_size, value_bytes(map), f);
}

}  // namespace stapd
