// Maps of a session that another process holds, received as file descriptors: mapped for reading,
// after the kernel said what they are. Memory that somebody else could cut short is never touched.
#pragma once

#include "runtime/load/map_set.h"

namespace stapd {

struct ForeignRing {
  MapMemory memory;
  RingShape shape;
  uint32_t id = 0;  // the kernel's number of the map
};

// What was promised must be what the kernel knows of the map.
Result<ForeignRing> map_foreign_ring(int fd, uint64_t segment_size, uint32_t segments);
Result<MapMemory> map_foreign_state(int fd, uint64_t bytes);

}  // namespace stapd
