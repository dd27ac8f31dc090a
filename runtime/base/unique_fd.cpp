#include "runtime/base/unique_fd.h"

#include <fcntl.h>

#include <cerrno>

namespace stapd {

Result<UniqueFd> duplicate_fd(int fd) {
  // The lowest three are a shell's.
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return fail_errno("file descriptor", errno);
  return copy;
}

}  // namespace stapd
