// The command of `stap -c`: started, but not let go before the probes are armed.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd::ctl {

class TargetCommand {
 public:
  // The process is there, waits before its exec, and has the pid that target() gives.
  static Result<std::unique_ptr<TargetCommand>> prepare(const std::string& command);
  ~TargetCommand();  // ends it when it still waits

  pid_t pid() const { return pid_; }
  void resume();
  void set_status(int status) { status_ = status; }
  // A warning on stderr when it failed.
  void report_status() const;

 private:
  pid_t pid_ = -1;
  UniqueFd gate_;
  std::optional<int> status_;
};

}  // namespace stapd::ctl
