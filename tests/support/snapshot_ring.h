// A snapshot of a test's ring, as a reader holds it.
#pragma once

#include "runtime/ring/ring_snapshot.h"
#include "tests/support/test_ring.h"

namespace stapd::test {

class SnapshotRing {
 public:
  explicit SnapshotRing(const TestRing& ring)
      : ring_(ring), memory_(ring.size() / 8), mapping_(ring.mapping()) {
    mapping_.base = reinterpret_cast<const std::byte*>(memory_.data());
  }

  // Takes what is behind the record numbers `after`; everything when there are none. Bytes taken.
  uint64_t refresh(const std::vector<uint64_t>& after = {}) {
    uint64_t taken = 0;
    std::fill(memory_.begin(), memory_.end(), 0);
    for (uint32_t i = 0; i < mapping_.segments; ++i) {
      std::byte* base = reinterpret_cast<std::byte*>(memory_.data()) + i * mapping_.stride;
      auto put = [&](uint64_t offset, std::span<const std::byte> bytes) -> Status {
        std::memcpy(base + offset, bytes.data(), bytes.size());
        return {};
      };
      taken += *take_snapshot(SharedSegment(ring_.mapping(), i), after.empty() ? 0 : after[i], put);
    }
    return taken;
  }
  RingReader reader() const { return RingReader(mapping_, ring_.formats()); }

 private:
  const TestRing& ring_;
  std::vector<uint64_t> memory_;
  RingMapping mapping_;
};

}  // namespace stapd::test
