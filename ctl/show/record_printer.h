// Shows records one after the other: as text, as JSON, or as a recording.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "ctl/show/output_queue.h"
#include "runtime/store/recording_reader.h"
#include "runtime/store/recording_writer.h"

namespace stapd::ctl {

enum class ShowFormat : uint8_t { text, json, recording };

struct ShowOptions {
  int out = 1;                     // where the script's output goes
  bool stamps = false;             // wall time and CPU before each of its lines
  bool sessions = false;           // the session's name, since there are several
  bool suppress_warnings = false;  // those of the script
};

class RecordPrinter {
 public:
  virtual ~RecordPrinter() = default;

  // What the records are of, one RecordedRecord::recording after the other; null where nothing is
  // known of one.
  virtual Status add(const ReadSchema* recording) = 0;
  // Into the queue. `view` is that of the record's bytes.
  virtual void print(const RecordedRecord& record, const RecordView& view) = 0;
  // Somebody may want to read what was printed so far.
  virtual void settle(uint64_t now) = 0;
  // No record of this one follows, and its schema may go. What became of the records that are not
  // here, by segment.
  virtual Status end(size_t recording, const std::vector<SegmentReport>& ledger,
                     const std::string& reason) = 0;
  // No record follows at all. What became of the records that are not here, by recording and
  // segment.
  virtual Status finish(std::span<const std::vector<SegmentReport>> ledgers,
                        const std::string& reason) = 0;
};

// Borrows the queue.
std::unique_ptr<RecordPrinter> make_printer(ShowFormat format, OutputQueue& queue,
                                            const ShowOptions& options);

}  // namespace stapd::ctl
