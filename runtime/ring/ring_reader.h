// Reads a ring that goes on being written: never stops, drains or disturbs it. Any number of
// readers may read at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/record/record_format.h"
#include "runtime/ring/record_merge.h"
#include "runtime/ring/ring_stream.h"
#include "runtime/ring/segment_copy.h"

namespace stapd {

// What the ring held at one moment. Owns its records.
class RingWindow {
 public:
  explicit RingWindow(std::vector<SegmentCopy> segments);

  // The next record, oldest first; valid while the window lives.
  bool next(RingRecord& record) { return merge_.next(record); }
  void rewind();

  uint32_t segments() const { return static_cast<uint32_t>(segments_.size()); }
  const SegmentLedger& ledger(uint32_t segment) const { return segments_[segment].ledger(); }
  SegmentLedger total() const;

 private:
  std::vector<SegmentCopy> segments_;
  RecordMerge merge_;
};

class RingReader {
 public:
  // Borrows both. The formats say which records carry a time; the record of a format that is not
  // there is handed out all the same.
  RingReader(const RingMapping& ring, std::span<const RecordFormat> formats,
             uint32_t patience_us = 1000)
      : ring_(ring), formats_(formats), patience_us_(patience_us) {}

  uint32_t segments() const { return ring_.segments; }

  // Everything, or what was recorded at `since` (ns of CLOCK_BOOTTIME) or later.
  RingWindow take(uint64_t since = 0) const;

  // The same without a copy of all of it: for large rings.
  std::unique_ptr<RingStream> stream(uint64_t since = 0) const {
    return std::make_unique<RingStream>(ring_, formats_, since, patience_us_);
  }

  // What segment `segment` holds behind the record with number `after`. The new position is
  // ledger().produced, or the number before the oldest one in flight.
  // It takes the memory of `used`.
  SegmentCopy read_new(uint32_t segment, uint64_t after, uint64_t since = 0,
                       SegmentCopy used = SegmentCopy()) const;

  // Produced and dropped, without looking at records.
  SegmentLedger counters(uint32_t segment) const;

 private:
  RingMapping ring_;
  std::span<const RecordFormat> formats_;
  uint32_t patience_us_;
};

// Adds up; for the totals of a window or of a session.
SegmentLedger& operator+=(SegmentLedger& sum, const SegmentLedger& other);

}  // namespace stapd
