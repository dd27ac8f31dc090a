// What the VM needs of a session's maps: the kernel's (runtime/recorder/kernel_maps.h), or maps in
// plain memory for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stapd {

class MapAccess {
 public:
  virtual ~MapAccess() = default;

  // Memory of the state map, shared with the programs.
  virtual std::byte* state() = 0;

  // Maps by their index in the image. Values of per-CPU maps are those of all possible CPUs, one
  // after the other, each rounded up to 8 bytes.
  virtual bool lookup(uint32_t map, std::string_view key, std::string& value) = 0;
  // 0, or -EEXIST (with `only_new`, the key is there), -E2BIG (the map is full), another -errno.
  virtual int update(uint32_t map, std::string_view key, std::string_view value, bool only_new) = 0;
  virtual void remove(uint32_t map, std::string_view key) = 0;
  virtual void for_each(
      uint32_t map, const std::function<void(std::string_view key, std::string_view value)>& f) = 0;

  virtual uint32_t cpus() const = 0;
};

}  // namespace stapd
