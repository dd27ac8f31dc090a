#include "runtime/base/process_handle.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace stapd {

// glibc 2.36 declares its own functions for this in a way that C++ cannot link.
ProcessHandle::ProcessHandle(pid_t pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

bool ProcessHandle::send(int signal) const {
  return valid() && syscall(SYS_pidfd_send_signal, fd(), signal, nullptr, 0) == 0;
}

}  // namespace stapd
