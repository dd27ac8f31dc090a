// Where the records of a session go in file mode.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/filing/filing_state.h"
#include "runtime/store/recording_writer.h"
#include "runtime/store/schema.h"

namespace stapd {

// In records, since the session started, whoever wrote them.
struct SinkCounts {
  uint64_t written = 0;
  uint64_t unwritten = 0;    // read from the ring, refused by the disk
  uint64_t overwritten = 0;  // lost in the ring, before they were read
  uint64_t blocks = 0;       // of a recording
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;

  // For RingFollower: what is behind these numbers is wanted.
  virtual std::vector<uint64_t> positions() const = 0;

  // Takes a record; it may be written at once, or wait for settle().
  virtual void add(const RingRecord& record) = 0;
  // Up to this number of a segment everything was added, or will never be. Told behind each record:
  // whoever is killed in the middle of a batch has passed the gaps in it.
  virtual void pass(uint32_t segment, uint64_t position) = 0;
  // Everything there was has been added. Now and then, and when `visible` a reader of the files
  // must find it there. An error: something waits for the disk, and is tried again the next time.
  virtual Status settle(const std::vector<SegmentReport>& segments, bool visible) = 0;
  // The end of the files, after settle(). What the disk refuses now is counted as unwritten.
  virtual Status finish(const std::string& reason) = 0;
  virtual void request_switch() = 0;

  virtual const Trouble& trouble() const = 0;
  virtual SinkCounts counts() const = 0;
  virtual const FileRotation& files() const = 0;
};

struct SinkInput {
  FileLayer& layer;
  FilingState& state;
  std::shared_ptr<const RecordingInfo> info;
};

// Finds the files that are there, and goes on where they stop if they are of this session. An error
// when somebody else writes them. What the disk refuses now is trouble of the sink.
Result<std::unique_ptr<RecordSink>> open_recording_sink(const SinkInput& input);
Result<std::unique_ptr<RecordSink>> open_text_sink(const SinkInput& input);

}  // namespace stapd
