#include "ctl/stap/run_session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>

#include "ctl/stap/live_output.h"
#include "ctl/stap/probe_costs.h"
#include "ctl/stap/target_command.h"
#include "runtime/base/clock.h"
#include "runtime/record/record_layout.h"
#include "runtime/recorder/recorder.h"
#include "runtime/recorder/system_command.h"

namespace stapd::ctl {
namespace {

// How often new records are looked for; nobody is woken up when there are none.
constexpr uint64_t kPollNs = 100'000'000;

class Session {
 public:
  Session(const StapOptions& options, std::shared_ptr<const ProgramImage> image)
      : options_(options), image_(std::move(image)) {}

  Result<int> run() {
    if (options_.target && kill(*options_.target, 0) != 0 && errno == ESRCH)
      return failf(ErrorCode::not_found, "there is no process {}", *options_.target);
    STAPD_TRY(open_signals());
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
    STAPD_ASSIGN(recorder_, Recorder::start(image_, recorder_options));
    show_warnings();
    STAPD_ASSIGN(output_, LiveOutput::open(*recorder_, options_));
    if (options_.verbosity + options_.pass_verbosity[4] > 0)
      std::fprintf(stderr, "Pass 5: starting run.\n");
    if (command_) command_->resume();
    if (options_.time_limit)
      deadline_ = read_mono_clock() + static_cast<uint64_t>(*options_.time_limit * 1e9);
    while (!ending_ && !recorder_->wants_to_end() && !output_->failed()) {
      wait();
      output_->show_new();
      run_commands();
      show_warnings();
    }
    STAPD_TRY(recorder_->stop());
    output_->finish();
    run_commands();
    drain();
    if (costs_) costs_->print(*recorder_);
    if (options_.verbosity + options_.pass_verbosity[4] > 0)
      std::fprintf(stderr, "Pass 5: run completed.\n");
    if (command_) command_->report_status();
    return recorder_->has_failed() || output_->is_incomplete() ? 1 : 0;
  }

 private:
  // Signals are waited for like everything else. SIGPIPE is an error of write().
  Status open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR2}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    return signals_.valid() ? Status{} : Status(fail_errno("signalfd", errno));
  }

  uint32_t ring_bytes() const {
    uint64_t bytes = std::bit_ceil(uint64_t{options_.buffer_mib} << 20);
    if (bytes > kMaxSegmentSize)
      std::fprintf(stderr, "WARNING: the ring gets %u MiB a CPU, the most there is\n",
                   kMaxSegmentSize >> 20);
    return static_cast<uint32_t>(std::min<uint64_t>(bytes, kMaxSegmentSize));
  }

  void wait() {
    uint64_t now = read_mono_clock();
    uint64_t until = now + kPollNs;
    if (auto timer = recorder_->next_timer()) until = std::min(until, *timer);
    if (deadline_) until = std::min(until, deadline_);
    pollfd fds[] = {{recorder_->control_fd(), POLLIN, 0},
                    {recorder_->clock_fd(), POLLIN, 0},
                    {signals_.get(), POLLIN, 0},
                    {output_->waiting_fd(), POLLOUT, 0}};
    timespec timeout = {};
    if (until > now) {
      timeout.tv_sec = static_cast<time_t>((until - now) / 1'000'000'000);
      timeout.tv_nsec = static_cast<long>((until - now) % 1'000'000'000);
    }
    ppoll(fds, std::size(fds), &timeout, nullptr);
    if (fds[0].revents) recorder_->handle_control();
    if (fds[1].revents) recorder_->handle_clock();
    if (fds[2].revents) read_signals();
    now = read_mono_clock();
    recorder_->run_due_timers(now);
    if (deadline_ && now >= deadline_) ending_ = true;
  }

  // The rest of the output, as slowly as it is taken; a further signal gives it up.
  void drain() {
    ending_ = false;
    while (output_->waiting_fd() >= 0 && !ending_ && !output_->failed()) {
      pollfd fds[] = {{signals_.get(), POLLIN, 0}, {output_->waiting_fd(), POLLOUT, 0}};
      ::poll(fds, std::size(fds), -1);
      if (fds[0].revents) read_signals();
      output_->write_ready();
    }
  }

  void read_signals() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGUSR2)
        output_->switch_files();
      else if (info.ssi_signo != SIGCHLD)
        ending_ = true;
      while (waitpid_any()) {
      }
    }
  }

  // Reaps commands of system() and the target; the end of the target ends the session.
  bool waitpid_any() {
    int status = 0;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return false;
    if (command_ && pid == command_->pid()) {
      command_->set_status(status);
      ending_ = true;
    }
    return true;
  }

  void run_commands() {
    for (const std::string& command : recorder_->take_commands()) {
      Result<pid_t> started = start_system_command(command);
      if (!started) std::fprintf(stderr, "WARNING: %s\n", started.error().message.c_str());
    }
  }

  void show_warnings() {
    for (const std::string& warning : recorder_->take_warnings())
      std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
  }

  const StapOptions& options_;
  std::shared_ptr<const ProgramImage> image_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<LiveOutput> output_;
  std::unique_ptr<TargetCommand> command_;
  std::optional<ProbeCosts> costs_;
  UniqueFd signals_;
  uint64_t deadline_ = 0;
  bool ending_ = false;
};

}  // namespace

Result<int> run_session(const StapOptions& options, std::shared_ptr<const ProgramImage> image) {
  return Session(options, std::move(image)).run();
}

}  // namespace stapd::ctl
