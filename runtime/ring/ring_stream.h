// What a ring held at one moment, as RingWindow, piece by piece: the memory it takes does not grow
// with the ring, and the first record is there at once. What is overwritten before its turn comes
// is counted; read_ahead() saves it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "runtime/ring/record_merge.h"
#include "runtime/ring/segment_copy.h"

namespace stapd {

class RingStream {
 public:
  static constexpr uint64_t kChunkBytes = 256u << 10;  // stays in a CPU's cache

  // Borrows both; `since` in ns of CLOCK_BOOTTIME. RingReader::stream() makes one.
  RingStream(const RingMapping& ring, std::span<const RecordFormat> formats, uint64_t since,
             uint32_t patience_us, uint64_t chunk_bytes = kChunkBytes);
  RingStream(const RingStream&) = delete;
  RingStream& operator=(const RingStream&) = delete;

  // The next record, oldest first; valid up to the next call.
  bool next(RingRecord& record);

  // Copies what comes next, so that `bytes` of the ring are copied ahead: whoever writes slowly
  // loses none of it.
  void read_ahead(uint64_t bytes);

  uint32_t segments() const { return static_cast<uint32_t>(tracks_.size()); }
  uint64_t records() const;  // that were there at the beginning
  // When next() has given all.
  SegmentLedger ledger(uint32_t segment) const;
  SegmentLedger total() const;
  // Time of the oldest record that next() gave; 0: none.
  uint64_t oldest(uint32_t segment) const { return tracks_[segment].oldest; }

 private:
  struct Piece {
    SegmentCopy copy;
    size_t taken = 0;  // of its entries
  };
  // One segment. Pieces are copies of chunks, oldest first; the first `merging` of them give
  // records, the others were read ahead.
  struct Track {
    SegmentIndex index;              // its chunks are those that are not copied yet
    std::vector<uint64_t> earliest;  // by chunk: least time in it and all newer ones
    std::deque<Piece> pieces;
    std::deque<uint64_t> ahead;  // `earliest` of the pieces that were read ahead
    size_t merging = 0;
    uint64_t last_time = 0;
    uint64_t oldest = 0;

    // The least time of what is not copied yet, and of what is not in the merge; nothing when all
    // is.
    std::optional<uint64_t> uncopied() const {
      if (earliest.empty()) return std::nullopt;
      return earliest.back();
    }
    std::optional<uint64_t> pending() const {
      if (ahead.empty()) return uncopied();
      return ahead.front();
    }
  };

  Track* first_track(std::optional<uint64_t> (Track::*due)() const);
  void copy_chunk(Track& track);
  bool advance();
  void drop_taken();
  void merge_again();

  RingMapping ring_;
  std::span<const RecordFormat> formats_;
  uint64_t since_;
  uint32_t patience_us_;
  uint64_t chunk_bytes_;
  std::vector<Track> tracks_;
  RecordMerge merge_;
  std::vector<Piece*> merged_;      // whose records are in merge_, by source
  std::vector<SegmentCopy> spare_;  // whose memory the next pieces take
  bool last_ = false;               // all that is left is in the merge
};

}  // namespace stapd
