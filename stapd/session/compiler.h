// Compiles scripts in child processes, with bounded memory and time: the daemon stays small, and no
// script can take it down.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <string>

#include "runtime/base/unique_fd.h"
#include "stapd/host/event_loop.h"
#include "stapd/profile/profile.h"

namespace stapd {

struct CompiledScript {
  UniqueFd image;  // a sealed memfd: runtime/image/image_io.h; not valid: the script is wrong
  std::string diagnostics;  // warnings, errors
};

class Compiler {
 public:
  explicit Compiler(EventLoop& loop) : loop_(loop) {}
  ~Compiler();  // ends the children; nobody is told
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // Never called before submit() has returned. An error when nothing could be compiled at all.
  using Done = std::function<void(Result<CompiledScript>)>;
  void submit(const Profile& profile, Done done);

 private:
  struct Job {
    Profile profile;
    Done done;
    pid_t pid = -1;
    UniqueFd image, text;
    bool too_slow = false;
    EventSource child, deadline, failed;
  };

  void start_waiting();
  Status start(Job& job);
  void finish(std::list<Job>::iterator job, Result<CompiledScript> result);

  EventLoop& loop_;
  std::deque<Job> waiting_;
  std::list<Job> running_;
};

}  // namespace stapd
