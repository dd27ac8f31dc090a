#include "runtime/store/file_layer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "runtime/base/clock.h"

namespace stapd {
namespace {

int result_of(int outcome) { return outcome < 0 ? -errno : 0; }

}  // namespace

Result<UniqueFd> PosixFiles::create(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666));
  if (!fd.valid()) return fail_errno(path, errno);
  // Tells readers that the file is alive; what cannot be locked is written all the same. A reader
  // that asks holds the lock for a moment.
  for (int tries = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) < 0 && tries < 20; ++tries)
    ::usleep(500);
  return fd;
}

int64_t PosixFiles::write(int fd, std::string_view bytes) {
  ssize_t written = ::write(fd, bytes.data(), bytes.size());
  return written < 0 ? -errno : written;
}

int PosixFiles::truncate(int fd, uint64_t size) {
  // What comes next goes where the file ends.
  int outcome = result_of(::ftruncate(fd, static_cast<off_t>(size)));
  if (outcome == 0)
    outcome = result_of(::lseek(fd, static_cast<off_t>(size), SEEK_SET) < 0 ? -1 : 0);
  return outcome;
}

int PosixFiles::sync(int fd) { return result_of(::fdatasync(fd)); }

int PosixFiles::remove(const std::string& path) { return result_of(::unlink(path.c_str())); }

uint64_t PosixFiles::free_bytes(const std::string& path) {
  struct statvfs room {};
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &room) < 0) return UINT64_MAX;
  return static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
}

uint64_t PosixFiles::now() { return read_real_clock(); }

Result<UniqueFd> OneOpenFile::create(const std::string& path) {
  if (!fd_.valid()) return failf(ErrorCode::limit, "{}: there is one file only", path);
  return std::move(fd_);
}

}  // namespace stapd
