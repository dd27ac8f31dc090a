// A copy of what a session has recorded, for readers that must not have its maps: the kernel maps
// an array only for those who could write it.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/base/unique_fd.h"
#include "runtime/recorder/recorder.h"

namespace stapd {

struct Snapshot {
  UniqueFd ring;  // a sealed memfd in the ring's layout; sparse: only what was asked for is there
  uint64_t segment_bytes = 0;
  uint32_t segments = 0;
  uint32_t first = 0, end = 0;  // the segments that are in it; ask again from `end` on
  uint32_t ring_id = 0;         // the kernel's number of the ring: another one is another recording
  bool ended = false;           // no record follows those that are in it
};

// What segments `first` and following hold behind the record numbers `after`, one a segment; where
// one is missing, all. Never more at once than delays nobody else.
Result<Snapshot> copy_recording(const Recorder& recorder, uint32_t first,
                                std::span<const uint64_t> after);

}  // namespace stapd
