#include "runtime/store/byte_source.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stapd {

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno(path, errno);
  // First the lock, then the size: a file that was let go in between is whole.
  bool live = ::flock(fd.get(), LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  if (!live) ::flock(fd.get(), LOCK_UN);
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode))
    return failf(ErrorCode::invalid_argument, "{}: this is no regular file", path);
  return std::unique_ptr<FileSource>(
      new FileSource(std::move(fd), static_cast<uint64_t>(status.st_size), live));
}

std::string FileSource::read(uint64_t offset, uint64_t length) const {
  if (offset >= size_) return {};
  std::string bytes(std::min(length, size_ - offset), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    ssize_t got = ::pread(fd_.get(), bytes.data() + have, bytes.size() - have,
                          static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace stapd
