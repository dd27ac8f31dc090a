#include "ctl/run/attach_session.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iterator>

#include "ctl/run/holder_process.h"
#include "ctl/run/live_output.h"
#include "ctl/run/pinned_session.h"
#include "ctl/run/signals.h"
#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

// As SystemTap: the third signal stops waiting.
constexpr int kSignalsToGiveUp = 3;
// A holder that was asked to end runs its end handlers: that long is waited for it.
constexpr int kEndPollMs = 10;

bool is_shown_by_somebody(const SessionState& state) {
  return state.shown_by != 0 &&
         (kill(static_cast<pid_t>(state.shown_by), 0) == 0 || errno == EPERM);
}

class Attached {
 public:
  Attached(const RunOptions& options, std::unique_ptr<PinnedSession> session, Signals signals)
      : options_(options), session_(std::move(session)), signals_(std::move(signals)) {}

  Result<int> run() {
    STAPD_TRY(open_output());
    STAPD_TRY(look_after_holder());
    while (!session_->has_ended() && !given_up()) {
      output_->show_new();
      wait();
      if (ends_ > 0) STAPD_TRY(session_->bring_to_end());
      if (detach_) return detach();
      if (holder_is_gone_) STAPD_TRY(look_after_holder());
    }
    return end();
  }

 private:
  Status open_output() {
    LiveOutputOptions output;
    output.suppress_warnings = options_.suppress_warnings;
    output.files = options_.output;
    if (session_->metadata().metadata().bulk) {
      if (!output.files) output.files.emplace();
      output.files->bulk = true;
    }
    STAPD_ASSIGN(output.shown, session_->metadata().read_positions());
    STAPD_ASSIGN(output_, LiveOutput::open(session_->recorder(), std::move(output)));
    if (!is_shown_by_somebody(session_->recorder().state()))
      session_->recorder().set_shown_by(static_cast<uint32_t>(getpid()));
    return {};
  }

  // Its timers and its end would be nobody's.
  Status look_after_holder() {
    holder_is_gone_ = false;
    STAPD_ASSIGN(bool was_alone, session_->ensure_holder());
    if (was_alone)
      output_->say("WARNING: the process that held the session was gone; another one does now\n");
    return {};
  }

  void wait() {
    pollfd fds[] = {{signals_.fd(), POLLIN, 0},
                    {session_->holder_fd(), POLLIN, 0},
                    {output_->waiting_fd(), POLLOUT, 0}};
    int timeout = ends_ > 0 ? kEndPollMs : static_cast<int>(options_.poll_ns / 1'000'000);
    ::poll(fds, std::size(fds), timeout);
    if (fds[0].revents) read_signals();
    // Asked to end, it may well be gone.
    if (fds[1].revents && ends_ == 0) holder_is_gone_ = true;
  }

  void read_signals() {
    Signals::News news = signals_.read();
    ends_ += news.ends;
    detach_ |= news.detach;
    if (news.switch_files) output_->switch_files();
  }

  bool given_up() const { return output_->failed() || ends_ >= kSignalsToGiveUp; }

  // The last of the output. What is gone from the pins has been written.
  Result<int> end() {
    leave();
    if (!session_->has_ended()) {
      // What is still in the queue was shown to nobody.
      if (!output_->failed() && output_->waiting_fd() < 0)
        STAPD_TRY(session_->metadata().store_positions(output_->shown()));
      return fail(ErrorCode::io, lost_interest());
    }
    output_->finish();
    drain();
    bool complete = output_->waiting_fd() < 0 && !output_->is_incomplete();
    if (complete) STAPD_TRY(session_->remove());
    return session_->recorder().has_failed() || !complete ? 1 : 0;
  }

  std::string lost_interest() const {
    if (output_->failed())
      return fmt::format("nobody takes the output; '{}' goes on", session_->name());
    return fmt::format("'{}' has not ended yet, and nobody waits for it", session_->name());
  }

  Result<int> detach() {
    output_->show_rest();
    drain();
    leave();
    STAPD_TRY(session_->metadata().store_positions(output_->shown()));
    std::fputs(farewell(session_->name(), options_.root).c_str(), stderr);
    return 0;
  }

  void leave() {
    if (session_->recorder().state().shown_by == static_cast<uint32_t>(getpid()))
      session_->recorder().set_shown_by(0);
  }

  void drain() {
    while (output_->waiting_fd() >= 0 && !given_up()) {
      pollfd fds[] = {{signals_.fd(), POLLIN, 0}, {output_->waiting_fd(), POLLOUT, 0}};
      ::poll(fds, std::size(fds), -1);
      if (fds[0].revents) read_signals();
      output_->write_ready();
    }
  }

  const RunOptions& options_;
  std::unique_ptr<PinnedSession> session_;
  Signals signals_;
  std::unique_ptr<LiveOutput> output_;
  int ends_ = 0;
  bool detach_ = false, holder_is_gone_ = false;
};

// Ends it and waits for the end.
Status end_and_remove(PinnedSession& session) {
  if (is_shown_by_somebody(session.recorder().state()))
    return failf(ErrorCode::busy, "'{}' is in use by process {}", session.name(),
                 session.recorder().state().shown_by);
  STAPD_TRY(session.bring_to_end());
  while (!session.has_ended()) {
    pollfd holder = {session.holder_fd(), POLLIN, 0};
    ::poll(&holder, 1, kEndPollMs);
    STAPD_TRY(session.bring_to_end());
  }
  return session.remove();
}

}  // namespace

Result<int> attach_session(const RunOptions& options) {
  STAPD_ASSIGN(Signals signals, Signals::open());
  STAPD_ASSIGN(std::unique_ptr<PinnedSession> session,
               PinnedSession::open(options.root, options.session_name));
  return Attached(options, std::move(session), std::move(signals)).run();
}

Status delete_session(const std::string& root, const std::string& name) {
  std::vector<std::string> names = {name};
  if (name == "*") {
    STAPD_ASSIGN(names, PinnedSession::list(root));
  }
  Status first;
  for (const std::string& one : names) {
    Result<std::unique_ptr<PinnedSession>> session = PinnedSession::open(root, one);
    Status removed = session ? end_and_remove(**session) : tl::unexpected(session.error());
    if (!removed && first) first = removed;
  }
  return first;
}

}  // namespace stapd::ctl
