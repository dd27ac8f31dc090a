// Maps of a session that another process holds, or copies of them, received as file descriptors:
// mapped for reading, after the kernel said what they are. Memory that somebody else could cut
// short is never touched.
#pragma once

#include "runtime/load/recording_maps.h"

namespace stapd {

struct ForeignRing {
  MapMemory memory;
  RingShape shape;
  uint32_t id = 0;  // the kernel's number of the map

  RingMapping mapping() const {
    return {memory.data(), shape.segment_size, shape.stride, shape.segments};
  }
};

// What was promised must be what the kernel knows of the map.
Result<ForeignRing> map_foreign_ring(int fd, uint64_t segment_size, uint32_t segments);
Result<MapMemory> map_foreign_state(int fd, uint64_t bytes);

// A ring of which only copies are to be had: segments of zeros, which map_copied_segments()
// replaces by those of a sealed memfd in the ring's layout.
Result<ForeignRing> reserve_copied_ring(uint64_t segment_size, uint32_t segments);
Status map_copied_segments(int fd, const ForeignRing& ring, uint32_t first, uint32_t end);

}  // namespace stapd
