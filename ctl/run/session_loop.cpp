#include "ctl/run/session_loop.h"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "runtime/base/clock.h"
#include "runtime/recorder/system_command.h"

namespace stapd::ctl {
namespace {

// As SystemTap: the third signal leaves what nobody takes.
constexpr int kSignalsToGiveUp = 3;
// Most commands have ended by then, and there is nothing to say.
constexpr int kQuietWaitMs = 500;

void wait_for(pollfd* fds, size_t count, uint64_t now, uint64_t until) {
  timespec timeout = {};
  if (until > now) {
    timeout.tv_sec = static_cast<time_t>((until - now) / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>((until - now) % 1'000'000'000);
  }
  ppoll(fds, count, until == UINT64_MAX ? nullptr : &timeout, nullptr);
}

}  // namespace

void SessionLoop::turn(LiveOutput* output, uint64_t poll_ns) {
  run_commands();
  show_warnings(output);
  if (is_due_to_end()) return;
  uint64_t now = read_mono_clock();
  uint64_t until = output ? now + poll_ns : UINT64_MAX;
  if (auto timer = recorder_.next_timer()) until = std::min(until, *timer);
  if (deadline_) until = std::min(until, deadline_);
  pollfd fds[] = {{recorder_.control_fd(), POLLIN, 0},
                  {recorder_.clock_fd(), POLLIN, 0},
                  {signals_.fd(), POLLIN, 0},
                  {output ? output->waiting_fd() : -1, POLLOUT, 0}};
  wait_for(fds, std::size(fds), now, until);
  if (fds[0].revents) recorder_.handle_control();
  if (fds[1].revents) recorder_.handle_clock();
  if (fds[2].revents) read_signals(output);
  now = read_mono_clock();
  recorder_.run_due_timers(now);
  if (deadline_ && now >= deadline_) is_over_ = true;
  if (output) output->show_new();
}

void SessionLoop::show_warnings(LiveOutput* output) {
  for (const std::string& warning : recorder_.take_warnings()) {
    std::string line = "WARNING: " + warning + "\n";
    if (output)
      output->say(line);
    else
      std::fputs(line.c_str(), stderr);
  }
}

void SessionLoop::drain(LiveOutput& output) {
  while (output.waiting_fd() >= 0 && ends_ < kSignalsToGiveUp && !output.failed()) {
    pollfd fds[] = {{signals_.fd(), POLLIN, 0}, {output.waiting_fd(), POLLOUT, 0}};
    wait_for(fds, std::size(fds), 0, UINT64_MAX);
    if (fds[0].revents) read_signals(&output);
    output.write_ready();
  }
}

void SessionLoop::read_signals(LiveOutput* output) {
  Signals::News news = signals_.read();
  ends_ += news.ends;
  detach_ |= news.detach;
  if (news.switch_files && output) output->switch_files();
  if (news.children) reap();
}

// Commands of system() and the target.
void SessionLoop::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (command_ && pid == command_->pid()) {
      command_->set_status(status);
      is_over_ = true;
    } else {
      --running_commands_;
    }
  }
}

void SessionLoop::run_commands() {
  for (const std::string& command : recorder_.take_commands()) {
    Result<pid_t> started = start_system_command(command);
    if (started)
      ++running_commands_;
    else
      std::fprintf(stderr, "WARNING: %s\n", started.error().message.c_str());
  }
}

void SessionLoop::wait_for_commands() {
  pollfd signals = {signals_.fd(), POLLIN, 0};
  int timeout = kQuietWaitMs;
  while (running_commands_ > 0 && ends_ < kSignalsToGiveUp) {
    if (poll(&signals, 1, timeout) == 0) {
      std::fputs("\nWaiting for processes to exit\n", stderr);
      timeout = -1;
    } else {
      read_signals(nullptr);
    }
  }
}

}  // namespace stapd::ctl
