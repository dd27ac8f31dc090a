#include "runtime/load/session_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace stapd {
namespace {

// Between opening and locking it may have lost its name, or another one may have got it.
bool still_has_name(int fd, const std::string& path) {
  struct stat opened, named;
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

Result<std::optional<SessionLock>> SessionLock::take(const std::string& pin_folder) {
  UniqueFd folder(open(pin_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) {
    if (errno == ENOENT) return failf(ErrorCode::not_found, "{}: there is no session", pin_folder);
    return fail_errno(pin_folder, errno);
  }
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    return fail_errno("locking " + pin_folder, errno);
  }
  if (!still_has_name(folder.get(), pin_folder))
    return failf(ErrorCode::not_found, "{}: there is no session", pin_folder);
  return SessionLock(std::move(folder));
}

}  // namespace stapd
