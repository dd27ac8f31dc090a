// The records of several segments in one order: by time, then by segment.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/ring/segment_copy.h"

namespace stapd {

// A record as the ring's readers hand it out. Not yet checked: RecordView::parse_untrusted.
struct RingRecord {
  std::string_view bytes;  // whole, header included; borrowed from who handed it out
  uint32_t segment = 0;    // possible CPU; the last segment is the daemon's
  uint64_t number = 0;     // in its segment
  uint64_t time = 0;       // ns of CLOCK_BOOTTIME; 0: unknown
};

// Sorted entries of one segment. Sources of the same segment are merged too; at the same time the
// source that was added first goes first.
struct MergeSource {
  std::span<const SegmentCopy::Entry> entries;
  const char* bytes = nullptr;
  uint32_t segment = 0;
  size_t taken = 0;
};

class RecordMerge {
 public:
  RecordMerge() = default;
  // Records after `horizon` stay where they are.
  explicit RecordMerge(std::vector<MergeSource> sources, uint64_t horizon = UINT64_MAX);

  bool next(RingRecord& record);
  const std::vector<MergeSource>& sources() const { return sources_; }

 private:
  bool is_before(uint32_t a, uint32_t b) const;
  void sift_down(size_t place);
  void note_rival();

  std::vector<MergeSource> sources_;
  std::vector<uint32_t> heap_;  // of sources with a next record; the first one has the oldest
  // Up to this time the first one's records come one after the other.
  uint64_t rival_ = UINT64_MAX;
};

}  // namespace stapd
