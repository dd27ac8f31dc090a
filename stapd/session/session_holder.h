// The process of stap or staprun that holds a session which we only look at, until it ends.
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/base/process_handle.h"
#include "stapd/host/event_loop.h"

namespace stapd {

class SessionHolder {
 public:
  // Calls `gone` once, when the process has ended; when it has already, and somebody else may hold
  // the session by now, after a moment.
  Status watch(EventLoop& loop, uint64_t pid, std::function<void()> gone);
  void forget();

  bool is_there() const { return pid_ != 0; }
  uint64_t pid() const { return pid_; }
  // False when it has ended.
  bool ask_to_end();
  bool was_asked() const { return asked_; }

 private:
  ProcessHandle process_;
  EventSource source_;
  uint64_t pid_ = 0;
  bool asked_ = false;
};

}  // namespace stapd
