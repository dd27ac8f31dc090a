// Reads recordings: needs no daemon, no rights but to read the files, and nothing but the files.
// Gives every record of every untouched block, several recordings merged by time, and says what
// is missing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/format/record_text.h"
#include "runtime/store/block_scan.h"
#include "runtime/store/byte_source.h"
#include "runtime/store/record_block.h"
#include "runtime/store/schema.h"

namespace stapd {

// Something that is not as it should be, or worth saying.
struct Finding {
  enum class Kind {
    live,             // its writer is at work: no fault
    torn_tail,        // bytes at the end of a file that are no block
    damage,           // bytes between blocks that are none
    missing_blocks,   // a gap in the sequence
    missing_file,     // of a set
    no_end,           // a file without its end block
    unknown_version,  // blocks of a later version than this build reads
    unreadable,       // a block whose checksum is right and whose content is not, or no schema
    no_recording,     // a file without any block
  };
  Kind kind;
  std::string text;  // one line for a person, with the file's name
  bool is_fault() const { return kind != Kind::live; }
};

// A schema of a recording, ready for use.
struct ReadSchema {
  explicit ReadSchema(RecordingInfo given) : info(std::move(given)), formatter(info.formats) {}
  ReadSchema(const ReadSchema&) = delete;
  ReadSchema& operator=(const ReadSchema&) = delete;

  const RecordingInfo info;
  const RecordFormatter formatter;
};

struct RecordedRecord {
  RingRecord record;  // valid up to the next next()
  uint64_t real = 0;  // ns since the epoch
  size_t recording = 0;
  const ReadSchema* schema = nullptr;
};

class RecordingReader {
 public:
  struct Options {
    uint64_t since = 0, until = UINT64_MAX;            // ns since the epoch, both included
    uint64_t boot_since = 0, boot_until = UINT64_MAX;  // the same of CLOCK_BOOTTIME
  };

  RecordingReader();
  explicit RecordingReader(Options options);
  ~RecordingReader();
  RecordingReader(const RecordingReader&) = delete;
  RecordingReader& operator=(const RecordingReader&) = delete;

  // Files in any order, of any number of recordings. An error means that a file cannot be opened;
  // what is wrong with its content becomes a finding.
  Status add_file(const std::string& path);
  void add_source(std::string name, std::unique_ptr<ByteSource> source, bool live);

  // When all files are there: sorts blocks into recordings, and looks what is missing.
  void open();

  // Only these records from now on: before the first next().
  void limit(Options options) { options_ = options; }

  // The next record by time; false at the end. What cannot be read becomes a finding.
  bool next(RecordedRecord& record);

  const std::vector<Finding>& findings() const { return findings_; }
  bool is_whole() const;  // no finding that is a fault

  size_t recordings() const { return recordings_.size(); }
  const RecordingId& id(size_t recording) const;
  // The newest schema; null when no schema block is left.
  const ReadSchema* schema(size_t recording) const;
  // From the last block that has a ledger.
  const std::vector<SegmentTotals>& ledger(size_t recording) const;
  uint64_t blocks(size_t recording) const;
  // In the blocks that can be read.
  uint64_t records(size_t recording) const;
  // Blocks that next() has unpacked: of the others their time said that nothing in them is wanted.
  uint64_t unpacked() const { return unpacked_; }
  // Wall time of the newest record, in ns since the epoch; 0 when there is none.
  uint64_t newest(size_t recording) const;
  std::vector<RecordedSymbol> symbols(size_t recording);

 private:
  struct File;
  struct Recording;

  void sort_into_recordings();
  void read_schemas(Recording& recording);
  void read_last_ledger(Recording& recording);
  void read_newest(Recording& recording);
  void check_files();
  void check_sequence(const Recording& recording);
  void check_set(const Recording& recording);
  bool is_limited() const;
  bool is_outside(const Recording& recording, size_t block) const;
  bool load_block(Recording& recording);
  bool advance(Recording& recording);
  Result<std::string> body_of(const Recording& recording, size_t block) const;
  std::string place_of(const Recording& recording, size_t block) const;
  uint64_t offset_of(const Recording& recording) const;
  void find(Finding::Kind kind, std::string text);

  Options options_;
  std::vector<File> files_;
  std::vector<std::unique_ptr<Recording>> recordings_;
  bool begun_ = false;          // next() was called
  Recording* given_ = nullptr;  // whose record next() gave
  uint64_t unpacked_ = 0;
  // Between the clocks of one boot, the same for all recordings of it: for the order.
  std::map<std::string, uint64_t> boot_offsets_;
  std::vector<Finding> findings_;
};

}  // namespace stapd
