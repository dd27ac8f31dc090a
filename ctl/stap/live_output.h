// Shows the records of a session in this process as they come: output to stdout or the output
// file, the rest to stderr.
#pragma once

#include <memory>
#include <string>

#include "ctl/stap/options.h"
#include "runtime/format/record_text.h"
#include "runtime/format/repeat_filter.h"
#include "runtime/recorder/recorder.h"
#include "runtime/ring/ring_follower.h"

namespace stapd::ctl {

class LiveOutput {
 public:
  static Result<std::unique_ptr<LiveOutput>> open(const Recorder& recorder,
                                                  const StapOptions& options);

  void show_new();
  // Everything that is left, and what was lost.
  void finish();
  bool failed() const { return failed_; }

 private:
  LiveOutput(const Recorder& recorder, bool suppress_warnings);
  void show_records();
  void write_out(int fd, std::string_view text);

  const Recorder& recorder_;
  RingReader reader_;
  RingFollower follower_;
  RecordFormatter formatter_;
  RepeatFilter warnings_;
  bool suppress_warnings_;
  UniqueFd file_;
  int out_ = 1;
  bool failed_ = false;
};

}  // namespace stapd::ctl
