// The maps of one session: made, or opened from their pins, and mapped where they can be.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"
#include "runtime/load/recording_maps.h"

namespace stapd {

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
  // The two of them that readers need.
  const RecordingMaps& recording() const { return *recording_; }
  const RingShape& ring_shape() const { return recording_->shape(); }
  std::byte* ring() const { return recording_->ring_memory(); }
  std::byte* state() const { return recording_->state_memory(); }
  SessionState& session_state() const { return recording_->state(); }

 private:
  MapSet() = default;

  std::vector<UniqueFd> fds_;
  std::optional<RecordingMaps> recording_;
};

// Possible CPUs of the running kernel.
Result<uint32_t> possible_cpus();

}  // namespace stapd
