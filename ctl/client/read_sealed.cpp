#include "ctl/client/read_sealed.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace stapd::ctl {
namespace {

// Far more than the largest script or its globals make.
constexpr off_t kMostBytes = 256 << 20;

}  // namespace

Result<std::string> read_sealed(int fd, const std::string& what) {
  struct stat file = {};
  if (fstat(fd, &file) != 0) return fail_errno(what, errno);
  if (!S_ISREG(file.st_mode) || file.st_size > kMostBytes)
    return failf(ErrorCode::corrupt, "{}: what came is no such file", what);
  std::string bytes(static_cast<size_t>(file.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    ssize_t got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(what, errno);
    if (got == 0) return failf(ErrorCode::corrupt, "{}: cut short", what);
    at += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace stapd::ctl
