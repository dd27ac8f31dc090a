// Records of one session as the text that people see: the script's own output to one file, byte for
// byte, the rest to stderr.
#pragma once

#include <span>
#include <string>

#include "ctl/show/output_queue.h"
#include "runtime/base/clock.h"
#include "runtime/format/record_text.h"
#include "runtime/format/repeat_filter.h"
#include "runtime/format/time_text.h"
#include "runtime/ring/ring_reader.h"

namespace stapd::ctl {

struct ShowOptions {
  int out = 1;                     // where the script's output goes
  bool stamps = false;             // wall time and CPU before each of its lines
  bool suppress_warnings = false;  // those of the script
};

class RecordOutput {
 public:
  // Borrows formats and queue. The last segment of the ring is the daemon's.
  RecordOutput(std::span<const RecordFormat> formats, uint32_t segments, OutputQueue& queue,
               const ShowOptions& options);

  // Into the queue. A record that fits no format is left out and counted.
  void show(const RingRecord& record);
  uint64_t unreadable() const { return unreadable_; }

  // The wall clock may have been set: for who goes on for long.
  void look_at_clock();

 private:
  void show_output(const RecordView& view, const RingRecord& record);
  void show_aside(const RecordView& view);

  uint32_t daemon_segment_;
  OutputQueue& queue_;
  ShowOptions options_;
  RecordFormatter formatter_;
  RepeatFilter warnings_;
  WallClock clock_;
  StampedText stamped_;
  std::string text_;
  uint64_t unreadable_ = 0;
};

}  // namespace stapd::ctl
