#include "runtime/store/file_layer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "runtime/base/clock.h"

namespace stapd {
namespace {

int result_of(int outcome) { return outcome < 0 ? -errno : 0; }

// Tells readers that the file is alive; what cannot be locked is written all the same. False when
// another writer has it: a reader that asks holds the lock for a moment only.
bool lock(int fd) {
  constexpr int kTries = 20;
  for (int tries = 0; tries < kTries; ++tries) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return true;
    ::usleep(500);
  }
  return false;
}

}  // namespace

Result<UniqueFd> PosixFiles::create(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666));
  if (!fd.valid()) return fail_errno(path, errno);
  (void)lock(fd.get());
  return fd;
}

Result<UniqueFd> PosixFiles::reopen(const std::string& path, uint64_t size) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno(path, errno);
  if (!lock(fd.get())) return failf(ErrorCode::busy, "{}: another process writes it", path);
  if (int outcome = truncate(fd.get(), size); outcome < 0) return fail_errno(path, -outcome);
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

bool PosixFiles::has_name(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) < 0 || status.st_nlink > 0;
}

uint64_t PosixFiles::free_bytes(const std::string& path) {
  struct statvfs room {};
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &room) < 0) return UINT64_MAX;
  return static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
}

uint64_t PosixFiles::now() { return read_real_clock(); }

uint64_t FileLayer::steady_now() { return read_boot_clock(); }

Result<UniqueFd> OneOpenFile::create(const std::string& path) {
  if (!fd_.valid()) return failf(ErrorCode::limit, "{}: there is one file only", path);
  return std::move(fd_);
}

}  // namespace stapd
