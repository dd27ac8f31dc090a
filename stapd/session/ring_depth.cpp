#include "stapd/session/ring_depth.h"

#include <algorithm>
#include <bit>
#include <ctime>

namespace stapd {

RingDepth measure_depth(const RingReader& reader, uint64_t now_boot_ns) {
  RingDepth ring;
  uint64_t depth = UINT64_MAX;
  // One segment after the other: a copy of the whole ring would be the largest thing in stapd.
  for (uint32_t segment = 0; segment < reader.segments(); ++segment) {
    SegmentCopy copy = reader.read_new(segment, 0);
    ring.ledger += copy.ledger();
    uint64_t oldest = copy.entries().empty() ? 0 : copy.entries().front().time;
    if (!oldest) continue;
    if (!ring.oldest_ns || oldest < ring.oldest_ns) ring.oldest_ns = oldest;
    if (copy.ledger().overwritten) depth = std::min(depth, now_boot_ns - oldest);
  }
  if (depth == UINT64_MAX) depth = ring.oldest_ns ? now_boot_ns - ring.oldest_ns : 0;
  ring.depth_ns = depth;
  return ring;
}

void note_depth(WorstDepth& worst, uint64_t depth_ns, uint64_t day) {
  if (worst.day == day && worst.depth_ns && worst.depth_ns <= depth_ns) return;
  worst = {depth_ns, day};
}

uint64_t local_day(uint64_t real_ns) {
  auto seconds = static_cast<time_t>(real_ns / 1'000'000'000);
  tm local{};
  localtime_r(&seconds, &local);
  return static_cast<uint64_t>((local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 +
                               local.tm_mday);
}

uint64_t ring_bytes_for(uint64_t ring_bytes, uint64_t depth_ns, uint64_t wanted_ns) {
  double factor = double(wanted_ns) / double(std::max<uint64_t>(depth_ns, 1));
  double bytes = std::min(double(ring_bytes) * factor, double(UINT64_C(1) << 62));
  return std::bit_ceil(static_cast<uint64_t>(bytes));
}

}  // namespace stapd
