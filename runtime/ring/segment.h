// A segment of the ring where it lies: shared memory that programs write while we look at it, and
// that may hold anything. docs/ring-layout.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "runtime/record/record_layout.h"

namespace stapd {

// Borrowed: whoever mapped the ring keeps it mapped.
struct RingMapping {
  const std::byte* base = nullptr;  // control page of segment 0, aligned to 8
  uint32_t segment_size = 0;        // bytes of data, a power of two
  size_t stride = 0;                // from one segment to the next
  uint32_t segments = 0;
};

class SharedSegment {
 public:
  SharedSegment(const std::byte* control, uint32_t data_size)
      : control_(control), data_size_(data_size) {}
  SharedSegment(const RingMapping& ring, uint32_t index)
      : SharedSegment(ring.base + index * ring.stride, ring.segment_size) {}

  uint32_t data_size() const { return data_size_; }
  const std::byte* data() const { return control_ + kControlSize; }
  // Where the newest record starts when `head` is the head word.
  uint32_t newest_offset(uint64_t head) const {
    return static_cast<uint32_t>(-(head_units(head) * kUnit) & (data_size_ - 1));
  }

  // How many bytes from the start of the newest record on, when `head` was the head word, nobody
  // has overwritten so far.
  uint64_t intact(uint64_t head) const {
    uint64_t moved = (head_units(load_head()) - head_units(head)) & kUnitsMask;
    uint64_t size = data_size(), gone = load_untaken();
    if (moved >= size / kUnit || gone >= size) return 0;
    return size - std::min(size, gone + moved * kUnit);
  }

  uint64_t load_head() const { return load(offsetof(SegmentControl, head)); }
  uint64_t load_epochs() const { return load(offsetof(SegmentControl, epochs)); }
  uint64_t load_dropped(uint32_t cause) const {
    return load(offsetof(SegmentControl, dropped) + cause * sizeof(uint64_t));
  }
  uint64_t load_untaken() const { return load(offsetof(SegmentControl, untaken)); }
  // A word of the data, with everything that its writer wrote before it.
  uint64_t load_data(uint32_t offset) const { return load(kControlSize + offset); }

 private:
  uint64_t load(size_t offset) const {
    return __atomic_load_n(reinterpret_cast<const uint64_t*>(control_ + offset), __ATOMIC_ACQUIRE);
  }

  const std::byte* control_;
  uint32_t data_size_;
};

}  // namespace stapd
