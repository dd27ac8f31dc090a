// What one segment of the ring held at one moment: its records copied out, indexed, in order.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"
#include "runtime/ring/segment.h"

namespace stapd {

// In records; produced = before + kept + in_flight + overwritten + unreadable, always.
struct SegmentLedger {
  uint64_t produced = 0;     // ever reserved
  uint64_t before = 0;       // not asked for: up to the number or older than the time given
  uint64_t kept = 0;         // taken
  uint64_t in_flight = 0;    // reserved, not committed
  uint64_t overwritten = 0;  // asked for, and gone
  uint64_t unreadable = 0;   // behind bytes that are no record; 0 unless the memory was damaged
  std::array<uint64_t, kDropCauses> dropped{};  // never reserved, by DropCause
  // False when a writer stopped right where the 24-bit count wrapped: then `produced` may be 2^24
  // too low.
  bool exact = true;
};

// A record as it was when it was the newest one.
struct SegmentPlace {
  uint64_t head = 0;  // head word
  uint64_t number = 0;
};

// A stretch of a segment, small enough to be copied at a time.
struct SegmentChunk {
  SegmentPlace newest;
  uint64_t after = 0;                // number of the record before its oldest
  uint64_t bytes = 0;                // from its newest record on
  uint64_t least_time = UINT64_MAX;  // of its records
  uint64_t records = 0;              // committed
};

// Which records of a segment to take.
struct CopyRequest {
  uint64_t after_number = 0;    // only records behind the one with this number
  uint64_t since = 0;           // only records of this time or later, ns of CLOCK_BOOTTIME
  uint32_t patience_us = 1000;  // how long to wait for writers between reserve and header
  std::optional<SegmentPlace> newest = {};  // nothing behind this one
  uint64_t time_before = 0;                 // that a record without time takes over, at first
};

class SegmentCopy {
 public:
  struct Entry {
    uint64_t time;    // of the handler; a record without time has that of the one before it
    uint64_t number;  // the first record of a ring has number 1
    uint32_t offset;  // from bytes()
    uint32_t length;
  };
  // A record that is reserved, not committed.
  struct InFlight {
    uint64_t number;
    uint64_t distance;  // bytes behind the newest record
  };

  // What bytes() are of the segment.
  struct Extent {
    uint64_t head = 0, epochs = 0;
    uint32_t newest = 0;  // where the newest record starts in the data
    uint64_t first = 0;   // bytes from there on, slack included
    uint64_t second = 0;  // behind them: bytes from the start of the data on
    uint64_t whole = 0;   // bytes behind the newest record that nobody had overwritten
  };

  // Copies what was asked for, oldest first, into memory that `used` no longer needs.
  static SegmentCopy take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                          const CopyRequest& request, SegmentCopy used);
  static SegmentCopy take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                          const CopyRequest& request) {
    return take(segment, formats, request, SegmentCopy());
  }

  // Copies a chunk of an index. What is in the making is in none but the newest chunks: the others
  // are copied at once, and looked at where they then are.
  static SegmentCopy take_chunk(const SharedSegment& segment, std::span<const RecordFormat> formats,
                                const SegmentChunk& chunk, const CopyRequest& request,
                                SegmentCopy used);

  // By time; records of the same time in the order in which they were reserved.
  const std::vector<Entry>& entries() const { return entries_; }
  const char* bytes() const { return reinterpret_cast<const char*>(bytes_.get()); }
  std::byte* raw_bytes() { return bytes_.get(); }
  const Extent& extent() const { return extent_; }
  const SegmentLedger& ledger() const { return ledger_; }
  const std::vector<InFlight>& in_flight() const { return in_flight_; }  // newest first

  // What a record without time behind these takes over.
  uint64_t last_time() const { return last_time_; }

  // Everything but the memory; of much memory that too.
  void forget();
  static constexpr uint64_t kMostKept = 1u << 20;
  // Drops the entries with a higher number. The ledger stays as it is.
  void keep_up_to(uint64_t number);
  // Records that were in flight when somebody looked, and still are for him.
  void leave_out(const std::vector<InFlight>& records);

 private:
  friend class SegmentWalk;
  static constexpr uint64_t kNoTime = UINT64_MAX;

  // `bytes` from the record at `newest` of the data on.
  void copy_bytes(const SharedSegment& segment, uint32_t newest, uint64_t bytes);
  // Where in bytes() that is which is so far behind the newest record.
  uint32_t offset_of(uint64_t distance) const {
    uint64_t behind = distance < wraps_at_ ? 0 : extent_.first - wraps_at_;
    return static_cast<uint32_t>(distance + behind);
  }
  uint64_t time_at(uint32_t offset, bool has_time) const {
    uint64_t time = kNoTime;
    if (has_time) std::memcpy(&time, bytes() + offset + kTimeOffset, sizeof time);
    return time;
  }
  bool note_entries(std::span<const RecordFormat> formats, const SegmentChunk& chunk,
                    uint64_t intact);
  // Gives records without time that of the one before them.
  void sort_by_time(uint64_t time_before);
  uint64_t drop_older(uint64_t since);  // how many

  std::unique_ptr<std::byte[]> bytes_;
  uint64_t room_ = 0;      // of bytes_
  uint64_t wraps_at_ = 0;  // distance behind which the second part begins
  std::vector<Entry> entries_;
  std::vector<InFlight> in_flight_;
  SegmentLedger ledger_;
  Extent extent_;
  uint64_t last_time_ = 0;
};

// Of a header's flags: nothing is in the making.
constexpr bool is_whole(uint8_t flags) { return (flags & ~kTruncated) == kCommitted; }

inline bool has_time(const RecordHeader& header, std::span<const RecordFormat> formats) {
  return header.format < formats.size() && formats[header.format].has_time &&
         header.length >= kTimeOffset + sizeof(uint64_t);
}

// What there is, without a copy: stretches of about `chunk_bytes`, newest first. A chunk begins
// with a record that has a time of its own where there are any.
struct SegmentIndex {
  std::vector<SegmentChunk> chunks;
  std::vector<SegmentCopy::InFlight> in_flight;  // newest first
  // Without kept, in_flight and overwritten: the chunks' copies tell.
  SegmentLedger ledger;

  static SegmentIndex take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                           const CopyRequest& request, uint64_t chunk_bytes);
};

// The counters alone: cheap, for status. `kept` and what depends on it stay 0.
SegmentLedger read_counters(const SharedSegment& segment);

}  // namespace stapd
