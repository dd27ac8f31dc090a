// What a session records into: its ring and its state, mapped. That, and the schema, is all that
// reading takes; nothing here depends on the image that was loaded.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/unique_fd.h"
#include "runtime/image/map_names.h"
#include "runtime/image/program_image.h"
#include "runtime/load/map_memory.h"
#include "runtime/ring/segment.h"

namespace stapd {

struct RingShape {
  uint32_t segment_size = 0;  // bytes, a power of two
  uint32_t segments = 0;      // possible CPUs, and the daemon's
  size_t stride = 0;          // from one segment to the next in memory
};

class RecordingMaps {
 public:
  // Keeps the maps by descriptors of its own. Corrupt when they are not a ring and a state.
  static Result<RecordingMaps> map(int ring_fd, int state_fd);
  static Result<RecordingMaps> open(const std::string& pin_folder);

  int ring_fd() const { return ring_fd_.get(); }
  int state_fd() const { return state_fd_.get(); }
  const RingShape& shape() const { return shape_; }
  RingMapping ring() const {
    return {ring_.data(), shape_.segment_size, shape_.stride, shape_.segments};
  }
  SessionState& state() const { return *reinterpret_cast<SessionState*>(state_.data()); }
  std::byte* ring_memory() const { return ring_.data(); }
  std::byte* state_memory() const { return state_.data(); }
  uint64_t state_bytes() const { return state_bytes_; }

 private:
  RecordingMaps() = default;

  UniqueFd ring_fd_, state_fd_;
  RingShape shape_;
  uint64_t state_bytes_ = 0;
  MapMemory ring_, state_;
};

}  // namespace stapd
