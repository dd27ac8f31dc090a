// How far back a session's ring reaches: now, and at worst today.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/load/metadata_pin.h"
#include "runtime/ring/ring_reader.h"

namespace stapd {

struct RingDepth {
  SegmentLedger ledger;    // of all segments
  uint64_t oldest_ns = 0;  // CLOCK_BOOTTIME of the oldest record; 0: no records
  // Of the CPU whose ring reaches back least, of those that lost records; of the oldest record when
  // none did.
  uint64_t depth_ns = 0;
};

RingDepth measure_depth(const RingReader& reader, uint64_t now_boot_ns);

// Takes note of a depth that was measured while the ring overwrites.
void note_depth(WorstDepth& worst, uint64_t depth_ns, uint64_t day);
uint64_t local_day(uint64_t real_ns);

// The [Memory] Size= with which a ring that reaches back `depth_ns` would reach back `wanted_ns`,
// if the load stays as it is: a power of two.
uint64_t ring_bytes_for(uint64_t ring_bytes, uint64_t depth_ns, uint64_t wanted_ns);

}  // namespace stapd
