// Shows the records of a session as they come: output to stdout or the output files, the rest to
// stderr. A slow reader holds up nobody.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ctl/run/file_progress.h"
#include "ctl/run/output_files.h"
#include "ctl/show/record_output.h"
#include "runtime/recorder/recorder.h"
#include "runtime/ring/ring_follower.h"

namespace stapd::ctl {

struct LiveOutputOptions {
  std::optional<OutputFileOptions> files;  // nothing: stdout
  bool suppress_warnings = false;
  // Who comes late: of each segment what was shown already, and what was overwritten since is no
  // loss. Nothing: who was there from the start.
  std::optional<std::vector<uint64_t>> shown;
};

class LiveOutput {
 public:
  static Result<std::unique_ptr<LiveOutput>> open(const Recorder& recorder,
                                                  LiveOutputOptions options);

  // Takes what is new, unless too much waits already, and writes what goes without waiting.
  void show_new();
  // Everything that is there, and what was lost. Does not wait either.
  void show_rest();
  // The same for the end of the session, with its errors.
  void finish();
  // SIGUSR2: the next output goes to the next file.
  void switch_files() {
    if (files_) files_->request_switch();
  }
  // What is beside the output goes to the system's log from now on.
  void say_to_syslog() { to_syslog_ = true; }
  // Tells from now on how far the files have come, in what is to be pinned as kFilingPin; -1 when
  // nobody else could go on with them: those of each CPU.
  int tell_progress(const OutputFileOptions& options);
  // A line beside the output.
  void say(const std::string& text);

  // To be polled for POLLOUT while there is something to write; else -1.
  int waiting_fd() const { return queue_.next_fd(); }
  void write_ready();
  // Somebody does not take the output any more.
  bool failed() const { return failed_; }
  // Something is missing in a file.
  bool is_incomplete() const { return failed_ || said_failure_; }
  // Of each segment what was shown, for LiveOutputOptions::shown.
  std::vector<uint64_t> shown() const { return follower_.positions(); }

 private:
  LiveOutput(const Recorder& recorder, const ShowOptions& show, LiveOutputOptions options);
  void take_records();
  void write_to_files(const RingRecord& record);

  const Recorder& recorder_;
  RingReader reader_;
  RingFollower follower_;
  OutputQueue queue_;
  RecordOutput output_;
  std::unique_ptr<OutputFiles> files_;
  std::unique_ptr<FileProgress> progress_;
  bool to_syslog_ = false;
  bool comes_late_;
  std::optional<uint64_t> lost_before_;  // records overwritten before the first look
  bool said_failure_ = false;            // of writing to files
  bool failed_ = false;
};

}  // namespace stapd::ctl
