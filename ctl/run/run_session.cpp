#include "ctl/run/run_session.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "ctl/run/holder_process.h"
#include "ctl/run/live_output.h"
#include "ctl/run/probe_costs.h"
#include "ctl/run/session_loop.h"
#include "ctl/run/target_command.h"
#include "runtime/base/clock.h"
#include "runtime/filing/filing_state.h"
#include "runtime/load/pins.h"
#include "runtime/load/session_pins.h"
#include "runtime/record/record_layout.h"

namespace stapd::ctl {
namespace {

using Mode = RunOptions::Mode;

// Who asks syslog about a session, as SystemTap's users know it.
constexpr char kSyslogName[] = "stapio";

class RunningSession {
 public:
  RunningSession(const RunOptions& options, std::shared_ptr<const ProgramImage> image)
      : options_(options), image_(std::move(image)) {}

  // What could not be left behind is ended.
  Result<int> run() {
    Result<int> status = run_or_leave();
    if (!status && recorder_) (void)recorder_->stop();
    return status;
  }

 private:
  Result<int> run_or_leave();
  Status check() const;
  Status start();
  Status open_output();
  Result<int> record();
  Result<int> end();
  Result<int> detach();
  Status pin(int filing = -1);
  Result<int> leave_daemon();
  uint32_t ring_bytes() const;

  bool is_pinned() const { return metadata_.has_value(); }
  void say(const char* text) const {
    if (options_.verbose) std::fputs(text, stderr);
  }

  const RunOptions& options_;
  std::shared_ptr<const ProgramImage> image_;
  std::optional<Signals> signals_;
  std::unique_ptr<TargetCommand> command_;
  std::unique_ptr<Recorder> recorder_;
  std::optional<SessionLoop> loop_;
  std::unique_ptr<LiveOutput> output_;
  std::optional<ProbeCosts> costs_;
  std::optional<MetadataMap> metadata_;
  uint64_t deadline_ = 0;
};

Result<int> RunningSession::run_or_leave() {
  STAPD_TRY(check());
  STAPD_TRY(start());
  // What its begin handlers have ended is shown, and not left.
  bool leaves = options_.mode != Mode::foreground && !recorder_->wants_to_end();
  bool in_memory = options_.mode == Mode::in_memory;
  if (!leaves || !in_memory) STAPD_TRY(open_output());
  if (command_) command_->resume();
  if (!leaves) return record();
  return in_memory ? detach() : leave_daemon();
}

// Before anything is armed, what would only be found out when it is left.
Status RunningSession::check() const {
  if (options_.target && kill(*options_.target, 0) != 0 && errno == ESRCH)
    return failf(ErrorCode::not_found, "there is no process {}", *options_.target);
  if (options_.mode == Mode::foreground) return {};
  STAPD_ASSIGN(std::string instance, instance_pins_of(options_.root));
  if (::access(session_pins(instance, options_.session_name).c_str(), F_OK) == 0)
    return failf(ErrorCode::already_exists,
                 "there is a session '{}' already: attach to it (staprun -A), or remove it "
                 "(staprun -d)",
                 options_.session_name);
  return {};
}

Status RunningSession::start() {
  STAPD_ASSIGN(signals_, Signals::open());
  if (options_.timing) {
    STAPD_ASSIGN(ProbeCosts costs, ProbeCosts::count());
    costs_.emplace(std::move(costs));
  }
  if (options_.command) {
    STAPD_ASSIGN(command_, TargetCommand::prepare(*options_.command));
  }
  RecorderOptions recorder_options;
  recorder_options.segment_size = ring_bytes();
  recorder_options.target_pid =
      static_cast<uint32_t>(command_ ? command_->pid() : options_.target.value_or(0));
  recorder_options.shown_by = static_cast<uint32_t>(getpid());
  STAPD_ASSIGN(recorder_, Recorder::start(image_, recorder_options));
  if (options_.time_limit)
    deadline_ = read_mono_clock() + static_cast<uint64_t>(*options_.time_limit * 1e9);
  loop_.emplace(*recorder_, *signals_, deadline_);
  loop_->follow(command_.get());
  loop_->show_warnings(nullptr);
  say("Pass 5: starting run.\n");
  return {};
}

uint32_t RunningSession::ring_bytes() const {
  uint64_t bytes = std::bit_ceil(uint64_t{options_.buffer_mib} << 20);
  if (bytes > kMaxSegmentSize)
    std::fprintf(stderr, "WARNING: the ring gets %u MiB a CPU, the most there is\n",
                 kMaxSegmentSize >> 20);
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, kMaxSegmentSize));
}

Status RunningSession::open_output() {
  LiveOutputOptions output;
  output.suppress_warnings = options_.suppress_warnings;
  if (options_.mode != Mode::in_memory) output.files = options_.output;
  STAPD_ASSIGN(output_, LiveOutput::open(*recorder_, std::move(output)));
  return {};
}

Result<int> RunningSession::record() {
  while (!loop_->is_due_to_end() && !output_->failed()) {
    loop_->turn(output_.get(), options_.poll_ns);
    if (!loop_->is_due_to_detach()) continue;
    loop_->forget_to_detach();
    Result<int> detached = detach();
    if (detached) return detached;
    output_->say("WARNING: not detached: " + detached.error().message + "\n");
  }
  return end();
}

Result<int> RunningSession::end() {
  Status stopped = recorder_->stop();
  output_->finish();
  loop_->run_commands();
  loop_->drain(*output_);
  loop_->wait_for_commands();
  if (is_pinned()) remove_empty_instance(recorder_->pin_folder());
  STAPD_TRY(stopped);
  if (costs_) costs_->print(*recorder_);
  say("Pass 5: run completed.\n");
  if (command_) command_->report_status();
  return recorder_->has_failed() || output_->is_incomplete() ? 1 : 0;
}

Status RunningSession::pin(int filing) {
  if (is_pinned()) return {};
  STAPD_ASSIGN(MetadataMap map, pin_session(*recorder_, options_, filing));
  metadata_.emplace(std::move(map));
  return {};
}

// The session goes on without its output: in another process, so that this one can end.
Result<int> RunningSession::detach() {
  STAPD_TRY(pin());
  if (output_) {
    output_->show_rest();
    loop_->drain(*output_);
    STAPD_TRY(metadata_->store_positions(output_->shown()));
  }
  recorder_->set_shown_by(0);
  STAPD_TRY(remove_pin_folder(recorder_->pin_folder() + "/" + kFilingPin));  // it goes on in memory
  STAPD_ASSIGN(pid_t pid, fork_holder(*metadata_, recorder_->pin_folder()));
  if (pid == 0) {
    output_.reset();
    costs_.reset();
    hold_session(std::move(recorder_), deadline_);
  }
  std::string words = farewell(options_.session_name, options_.root);
  if (options_.mode == Mode::daemon)
    syslog(LOG_INFO, "%s", words.c_str());
  else
    std::fputs(words.c_str(), stderr);
  return 0;
}

// As SystemTap's -D: who stays behind writes the files, and its pid is what there is to say.
Result<int> RunningSession::leave_daemon() {
  STAPD_TRY(pin(output_->tell_progress(*options_.output)));
  STAPD_ASSIGN(pid_t pid, fork_holder(*metadata_, recorder_->pin_folder()));
  if (pid > 0) {
    std::printf("%d\n", pid);
    return 0;
  }
  costs_.reset();
  openlog(kSyslogName, LOG_PID, LOG_DAEMON);
  recorder_->set_shown_by(static_cast<uint32_t>(getpid()));
  output_->say_to_syslog();
  Result<int> status = record();
  if (!status) syslog(LOG_ERR, "%s", status.error().message.c_str());
  // Nothing above us is for this process.
  _exit(status ? *status : 1);
}

}  // namespace

Result<int> run_session(const RunOptions& options, std::shared_ptr<const ProgramImage> image) {
  return RunningSession(options, std::move(image)).run();
}

}  // namespace stapd::ctl
