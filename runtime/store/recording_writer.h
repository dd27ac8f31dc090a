// Writes a recording: records in, blocks out, files switched. What it has written is whole after a
// kill; what the disk refuses waits, then is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/ring/ring_follower.h"
#include "runtime/store/block.h"
#include "runtime/store/file_rotation.h"
#include "runtime/store/record_block.h"
#include "runtime/store/schema.h"
#include "runtime/store/trouble.h"

namespace stapd {

// How the records of one segment fared up to now, in the ring: what a block's ledger says besides
// what was written.
struct SegmentReport {
  uint64_t position = 0;
  uint64_t overwritten = 0, abandoned = 0, unreadable = 0;
  std::array<uint64_t, kDropCauses> dropped{};
};
std::vector<SegmentReport> report_of(const RingFollower& follower, const RingReader& reader);

// Where an interrupted recording goes on.
struct RecordingResume {
  RecordingId id{};
  uint64_t next_sequence = 0;
  std::vector<SegmentTotals> totals;
  // Numbers behind a segment's position that are written already.
  std::vector<std::set<uint64_t>> written;  // by segment
  uint32_t first_file = 0;                  // of the recording, when it goes on
  bool reopen = false;  // the last file of the state is not full, and has no end block
  bool ended = false;   // its last block is there: nothing is written unless a record follows
};

struct RecordingOptions {
  int level = 1;                       // of zstd, more finds nothing in columns; 0: no compression
  size_t block_weight = 128u << 10;    // bytes of a block before compression, about
  size_t max_waiting = 4u << 20;       // bytes that wait for the disk
  uint64_t sync_ns = 300'000'000'000;  // between two fdatasync; 0: never
};

class RecordingWriter {
 public:
  // Borrows the layer. `info` names formats that outlive the writer's use of them: it keeps a copy.
  RecordingWriter(FileLayer& layer, RotationOptions files, RecordingInfo info,
                  RecordingOptions options = {}, RotationState state = {},
                  RecordingResume resume = {});
  RecordingWriter(const RecordingWriter&) = delete;
  RecordingWriter& operator=(const RecordingWriter&) = delete;

  // Opens the first file, or the one to go on with, and writes its schema. After an error it is
  // tried again with the first block.
  Status start();

  // Takes a record; a block that is full is written at once.
  void add(const RingRecord& record);
  // When a follower gave all that it had: the block is written, however small, and a reader of the
  // file is up to date. An error says that something waits for the disk: it is tried again with
  // the next block or settle().
  Status settle(const std::vector<SegmentReport>& segments);
  // The last block, the end block, the disk.
  Status finish(std::string reason);

  // Other formats from now on; the session's script was replaced.
  void set_schema(RecordingInfo info);
  // Two clocks at the moment of the records that follow, when they are not of here and now: their
  // wall time is told by them.
  void set_clock(const ClockReading& clock);
  void add_symbols(std::vector<RecordedSymbol> symbols);
  void request_switch() { files_.request_switch(); }

  const FileRotation& files() const { return files_; }
  const Trouble& trouble() const { return trouble_; }
  // Refused by the disk, when no more could wait.
  uint64_t unwritten() const;
  const std::vector<SegmentTotals>& totals() const { return totals_; }
  uint64_t blocks() const { return sequence_; }
  bool is_waiting() const { return !waiting_.empty(); }
  uint64_t waiting_records() const;
  uint64_t written() const { return records_written_; }

 private:
  struct WaitingBlock {
    BlockHeader header;
    PackedBody body;
  };
  Status open_first_file();
  void end_block(bool settled);
  PackedBody pack(const BlockBody& body);
  void enqueue(BlockHeader header, const BlockBody& body);
  void account(std::vector<uint64_t>& records, uint64_t SegmentTotals::*counter);
  Status write_waiting();
  Status write_block(BlockHeader header, const PackedBody& body);
  Status write_schema();
  Status write_end(bool final, std::string reason);
  Status switch_file();
  Status sync_now_and_then();

  FileRotation files_;
  RecordingInfo info_;
  RecordingOptions options_;
  RecordingResume resume_;
  Compressor compressor_;
  RecordBlockBuilder builder_;
  BlockBody body_;                          // memory for the next one
  std::vector<uint64_t> records_in_block_;  // by segment
  std::vector<SegmentTotals> totals_;
  std::deque<WaitingBlock> waiting_;
  size_t waiting_bytes_ = 0;
  std::optional<ClockReading> given_clock_;
  uint64_t sequence_;
  uint64_t blocks_since_schema_ = 0;
  uint64_t records_written_ = 0;
  std::optional<uint32_t> first_file_;  // of the recording
  uint64_t synced_ = 0;                 // CLOCK_BOOTTIME
  Trouble trouble_;
};

}  // namespace stapd
