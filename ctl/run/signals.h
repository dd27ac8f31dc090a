// The signals that people and scripts send: waited for like everything else. SIGPIPE becomes an
// error of write().
#pragma once

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd::ctl {

class Signals {
 public:
  static Result<Signals> open();

  int fd() const { return fd_.get(); }

  // What came since it was last asked.
  struct News {
    int ends = 0;               // SIGINT, SIGTERM, SIGHUP: how many
    bool detach = false;        // SIGQUIT
    bool switch_files = false;  // SIGUSR2
    bool children = false;      // SIGCHLD: some may be waited for
  };
  News read() const;

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace stapd::ctl
