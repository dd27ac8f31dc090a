// A copy of what a session has recorded, for readers that must not have its maps: the kernel maps
// an array only for those who could write it.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/base/unique_fd.h"
#include "runtime/load/recording_maps.h"

namespace stapd {

struct SnapshotRequest {
  uint32_t earlier = 0;             // 0: what is recorded now; else the n-th earlier recording
  uint32_t first = 0;               // segments before it are not wanted
  std::span<const uint64_t> after;  // nor records up to these numbers, one a segment
};

struct Snapshot {
  int schema_fd = -1;  // the session's own
  UniqueFd ring;  // a sealed memfd in the ring's layout; sparse: only what was asked for is there
  uint64_t segment_bytes = 0;
  uint32_t segments = 0;
  uint32_t first = 0, end = 0;  // the segments that are in it; ask again from `end` on
  uint32_t ring_id = 0;         // the kernel's number of the ring: another one is another recording
  bool ended = false;           // no record follows those that are in it
  bool replaced = false;        // but another ring goes on
};

// Never more at once than delays nobody else.
Result<Snapshot> copy_recording(int schema_fd, const RecordingMaps& maps,
                                const SnapshotRequest& request);

}  // namespace stapd
