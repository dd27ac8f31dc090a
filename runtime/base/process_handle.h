// A process that stays the one it was, whatever becomes of its number: a pidfd.
#pragma once

#include <sys/types.h>

#include "runtime/base/unique_fd.h"

namespace stapd {

class ProcessHandle {
 public:
  ProcessHandle() = default;
  // Of the process that has this number now; none when there is none.
  explicit ProcessHandle(pid_t pid);

  // Readable when the process has ended; -1 when there is none.
  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  // False when it has ended.
  bool send(int signal) const;

 private:
  UniqueFd fd_;
};

}  // namespace stapd
