// What whoever holds a session does while it records: waits for whatever comes first, and handles
// it.
#pragma once

#include "ctl/run/live_output.h"
#include "ctl/run/signals.h"
#include "ctl/run/target_command.h"

namespace stapd::ctl {

class SessionLoop {
 public:
  // Borrows both. `deadline`: CLOCK_MONOTONIC ns when the session ends; 0: never.
  SessionLoop(Recorder& recorder, const Signals& signals, uint64_t deadline)
      : recorder_(recorder), signals_(signals), deadline_(deadline) {}

  // Waits once and handles what came. With an output, no longer than until its next look at what is
  // new; without, until something happens.
  void turn(LiveOutput* output, uint64_t poll_ns = 0);
  // The output's turn alone, when the session has ended: as slowly as it is taken, until it is all
  // written, or somebody has sent three signals that end.
  void drain(LiveOutput& output);

  // The end of this child ends the session.
  void follow(TargetCommand* command) { command_ = command; }
  // What went wrong with the recording since the last call; without an output on stderr.
  void show_warnings(LiveOutput* output);
  // Commands of system() that were recorded since the last call.
  void run_commands();
  // When the session has ended, as SystemTap: until they have ended too, or three signals came.
  void wait_for_commands();

  // The script, a signal, the time limit or the end of the command wants it.
  bool is_due_to_end() const { return ends_ > 0 || is_over_ || recorder_.wants_to_end(); }
  bool is_due_to_detach() const { return detach_; }
  void forget_to_detach() { detach_ = false; }

 private:
  void read_signals(LiveOutput* output);
  void reap();

  Recorder& recorder_;
  const Signals& signals_;
  TargetCommand* command_ = nullptr;
  uint64_t deadline_;
  int ends_ = 0;  // signals that end
  int running_commands_ = 0;
  bool is_over_ = false;
  bool detach_ = false;
};

}  // namespace stapd::ctl
