// What one segment of the ring held at one moment: its records copied out, indexed, in order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/record/record_format.h"
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

// Which records of a segment to take.
struct CopyRequest {
  uint64_t after_number = 0;    // only records behind the one with this number
  uint64_t since = 0;           // only records of this time or later, ns of CLOCK_BOOTTIME
  uint32_t patience_us = 1000;  // how long to wait for writers between reserve and header
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

  // Copies what was asked for, oldest first.
  static SegmentCopy take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                          const CopyRequest& request);

  // By time; records of the same time in the order in which they were reserved.
  const std::vector<Entry>& entries() const { return entries_; }
  const char* bytes() const { return reinterpret_cast<const char*>(bytes_.get()); }
  std::byte* raw_bytes() { return bytes_.get(); }
  const Extent& extent() const { return extent_; }
  const SegmentLedger& ledger() const { return ledger_; }
  const std::vector<InFlight>& in_flight() const { return in_flight_; }  // newest first

  // Drops the entries with a higher number. The ledger stays as it is.
  void keep_up_to(uint64_t number);

 private:
  friend class SegmentWalk;
  std::unique_ptr<std::byte[]> bytes_;
  std::vector<Entry> entries_;
  std::vector<InFlight> in_flight_;
  SegmentLedger ledger_;
  Extent extent_;
};

// The counters alone: cheap, for status. `kept` and what depends on it stay 0.
SegmentLedger read_counters(const SharedSegment& segment);

}  // namespace stapd
