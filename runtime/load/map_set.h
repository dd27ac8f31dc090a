// The maps of one session: made, or opened from their pins, and mapped where they can be.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"

namespace stapd {

// A shared mapping of a map's memory.
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

struct RingShape {
  uint32_t segment_size = 0;  // bytes, a power of two
  uint32_t segments = 0;      // possible CPUs, and the daemon's
  size_t stride = 0;          // from one segment to the next in memory
};

class MapSet {
 public:
  // Makes every map of the image. The ring gets `segment_size` bytes a CPU, which must be a power
  // of two from kMinSegmentSize to kMaxSegmentSize.
  static Result<MapSet> create(const ProgramImage& image, uint32_t segment_size);
  // Opens what pin() pinned. Fails when a map is missing or is not what the image says.
  static Result<MapSet> open(const ProgramImage& image, const std::string& folder);

  Status pin(const std::string& folder) const;

  int fd(uint32_t map) const { return fds_[map].get(); }
  size_t count() const { return fds_.size(); }
  const RingShape& ring_shape() const { return ring_shape_; }
  std::byte* ring() const { return ring_.data(); }
  std::byte* state() const { return state_.data(); }
  SessionState& session_state() const { return *reinterpret_cast<SessionState*>(state_.data()); }

 private:
  MapSet() = default;
  Status map_memory(const ProgramImage& image);

  std::vector<UniqueFd> fds_;
  RingShape ring_shape_;
  MapMemory ring_, state_;
};

// The kernel's own number of a map, which no other one gets before the next boot.
Result<uint32_t> kernel_map_id(int fd);

// Possible CPUs of the running kernel.
Result<uint32_t> possible_cpus();

}  // namespace stapd
