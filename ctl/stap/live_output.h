// Shows the records of a session in this process as they come: output to stdout or the output
// file, the rest to stderr. A slow reader holds up nobody.
#pragma once

#include <memory>
#include <string>

#include "ctl/show/record_output.h"
#include "ctl/stap/options.h"
#include "runtime/recorder/recorder.h"
#include "runtime/ring/ring_follower.h"

namespace stapd::ctl {

class LiveOutput {
 public:
  static Result<std::unique_ptr<LiveOutput>> open(const Recorder& recorder,
                                                  const StapOptions& options);

  // Takes what is new, unless too much waits already, and writes what goes without waiting.
  void show_new();
  // Everything that is left, and what was lost: for the end. Does not wait either.
  void finish();
  // SIGUSR2: the next output goes to the next file.
  void switch_files() {
    if (files_) files_->request_switch();
  }
  // To be polled for POLLOUT while there is something to write; else -1.
  int waiting_fd() const { return queue_.next_fd(); }
  void write_ready();
  // Somebody does not take the output any more.
  bool failed() const { return failed_; }
  // Something is missing in a file.
  bool is_incomplete() const { return failed_ || said_failure_; }

 private:
  LiveOutput(const Recorder& recorder, const ShowOptions& show);
  void take_records();
  void write_to_files(uint32_t segment);

  const Recorder& recorder_;
  RingReader reader_;
  RingFollower follower_;
  OutputQueue queue_;
  RecordOutput output_;
  std::unique_ptr<OutputFiles> files_;
  bool said_failure_ = false;  // of writing to them
  bool failed_ = false;
};

}  // namespace stapd::ctl
