// A map's memory in this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace stapd {

class MapMemory {
 public:
  MapMemory() = default;
  MapMemory(void* data, size_t size) : data_(data), size_(size) {}
  MapMemory(MapMemory&& other) noexcept;
  MapMemory& operator=(MapMemory&& other) noexcept;
  ~MapMemory();

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// All of a map that can be mapped, for reading and writing. `what` is for the message.
Result<MapMemory> map_shared(int fd, size_t bytes, const std::string& what);

// The kernel's own number of a map, which no other one gets before the next boot.
Result<uint32_t> kernel_map_id(int fd);

}  // namespace stapd
