// History, then live, without a seam: hands out every record of a ring once, in order, as they
// come. What was overwritten before it was read is counted exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/ring/ring_reader.h"

namespace stapd {

struct FollowOptions {
  // Records younger than this are held back, so that those of other CPUs can be put before them.
  uint64_t settle_ns = 100'000'000;
  // A record in flight for longer than this is given up: its writer was killed.
  uint64_t stall_ns = 2'000'000'000;
  uint64_t since = 0;  // ns of CLOCK_BOOTTIME: where history starts; UINT64_MAX: only what is new
  std::vector<uint64_t> positions;  // of an earlier follower: goes on behind these numbers
};

// Of one segment, in records.
struct FollowLedger {
  uint64_t delivered = 0;    // handed out by next()
  uint64_t overwritten = 0;  // before they were read
  uint64_t abandoned = 0;    // in flight for too long
  uint64_t unreadable = 0;
  uint64_t resets = 0;  // the ring was made anew under us
};

class RingFollower {
 public:
  // Borrows the reader.
  RingFollower(const RingReader& reader, FollowOptions options);
  RingFollower(const RingFollower&) = delete;
  RingFollower& operator=(const RingFollower&) = delete;

  // Reads what is new; `now` in ns of CLOCK_BOOTTIME. Then next() gives records up to now - settle.
  // Call it when next() has given all: what it did not give yet is kept for later.
  void poll(uint64_t now);
  // Holds nothing back: for the end.
  void flush(uint64_t now);
  bool next(RingRecord& record);  // valid up to the next poll or flush

  const FollowLedger& ledger(uint32_t segment) const { return tracks_[segment].ledger; }
  FollowLedger total() const;
  // The number up to which everything of a segment was delivered, lost or skipped: what next() gave
  // included.
  uint64_t position(uint32_t segment) const;
  std::vector<uint64_t> positions() const;  // of each segment

 private:
  struct Waiting {
    uint64_t number, since;
  };
  // What is known of one segment.
  struct Track {
    uint64_t position = 0;  // number up to which records were read
    std::vector<SegmentCopy::Entry> carried;
    std::vector<char> carried_bytes;
    std::vector<SegmentCopy::Entry> next_carried;  // empty: memory that carry_over() fills
    std::vector<char> next_carried_bytes;
    SegmentCopy fresh;
    // Of each of these and those behind it, the least number.
    std::vector<uint64_t> carried_least, fresh_least;
    std::vector<Waiting> waiting;  // records in flight, when they were seen first
    FollowLedger ledger;
  };

  void advance(uint64_t now, uint64_t horizon);
  void carry_over(Track& track, const MergeSource& carried, const MergeSource& fresh);
  void read_track(uint32_t segment, uint64_t now);
  uint64_t readable_end(Track& track, uint64_t now);

  const RingReader& reader_;
  FollowOptions options_;
  std::vector<Track> tracks_;
  RecordMerge merge_;
};

}  // namespace stapd
