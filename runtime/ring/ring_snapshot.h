// A segment of a ring as it was at one moment, in the ring's own layout: for readers that must not
// have the ring itself. A RingReader reads it like the ring.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "runtime/base/result.h"
#include "runtime/ring/segment_copy.h"

namespace stapd {

// Puts bytes to an offset from the start of the segment.
using SnapshotSink = std::function<Status(uint64_t offset, std::span<const std::byte> bytes)>;

// Takes the records of a segment behind the one with number `after`; what the sink is not given
// is to read as zeros. Bytes that it took, for those who bound how much they do at once.
Result<uint64_t> take_snapshot(const SharedSegment& segment, uint64_t after,
                               const SnapshotSink& sink);

}  // namespace stapd
