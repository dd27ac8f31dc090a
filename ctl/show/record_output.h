// Records of one session's ring as the text that people see, as they come.
#pragma once

#include <span>

#include "ctl/show/text_printer.h"
#include "runtime/base/clock.h"
#include "runtime/format/record_text.h"
#include "runtime/ring/ring_reader.h"

namespace stapd::ctl {

class RecordOutput {
 public:
  // Borrows formats and queue. The last segment of the ring is the daemon's.
  RecordOutput(std::span<const RecordFormat> formats, uint32_t segments, OutputQueue& queue,
               const ShowOptions& options);

  // Into the queue. A record that fits no format is left out and counted.
  void show(const RingRecord& record);
  uint64_t unreadable() const { return unreadable_; }

 private:
  uint32_t daemon_segment_;
  RecordFormatter formatter_;
  WallClock clock_;
  TextPrinter printer_;
  uint64_t unreadable_ = 0;
};

}  // namespace stapd::ctl
