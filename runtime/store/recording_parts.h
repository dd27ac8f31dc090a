// The insides of RecordingReader, shared by its two files.
#pragma once

#include <set>

#include "runtime/store/recording_reader.h"

namespace stapd {

struct RecordingReader::File {
  std::string name;
  std::unique_ptr<ByteSource> source;
  bool live = false;
  BlockScan scan;
};

struct RecordingReader::Recording {
  struct Block {
    size_t file = 0;  // in files_
    ScannedBlock block;
  };
  // What next() would give, with its place in the order.
  struct Candidate {
    RingRecord record;
    uint64_t order = 0, real = 0;
  };

  RecordingId id{};
  std::vector<Block> blocks;                                // by sequence; damaged ones too
  std::map<uint32_t, std::unique_ptr<ReadSchema>> schemas;  // by number
  uint32_t oldest_file = 0, newest_file = 0;                // as the newest schema block says
  std::vector<SegmentTotals> ledger;
  uint64_t newest = 0;
  bool live = false;

  size_t next_block = 0;
  RecordBlock open_block;
  const ReadSchema* open_schema = nullptr;
  Candidate candidate;
  bool has_candidate = false;
};

}  // namespace stapd
