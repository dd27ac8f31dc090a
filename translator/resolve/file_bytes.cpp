#include "translator/resolve/file_bytes.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "runtime/base/unique_fd.h"

namespace stapd {
namespace {

// Only sysfs is mapped: its BTF never changes, while a file on disk can be cut short under us.
const char* map_sysfs(int fd, size_t size) {
  struct statfs fs = {};
  if (size == 0 || ::fstatfs(fd, &fs) != 0 || fs.f_type != SYSFS_MAGIC) return nullptr;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  return address == MAP_FAILED ? nullptr : static_cast<const char*>(address);
}

Result<std::string> read_all(int fd, const std::string& path, size_t expected, size_t most) {
  constexpr size_t kStep = 64 * 1024;  // proc and tracefs say 0 bytes whatever they hold
  std::string bytes;
  bytes.resize(expected > 0 ? expected + 1 : kStep);
  size_t size = 0;
  while (true) {
    if (size == bytes.size()) bytes.resize(bytes.size() * 2);
    ssize_t n = ::read(fd, bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;
    size += static_cast<size_t>(n);
    if (size > most) return failf(ErrorCode::limit, "{}: larger than {} bytes", path, most);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

FileBytes::FileBytes(FileBytes&& other) noexcept { *this = std::move(other); }

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_size_, other.mapped_size_);
  return *this;
}

FileBytes::~FileBytes() {
  if (mapped_) ::munmap(const_cast<char*>(mapped_), mapped_size_);
}

Result<FileBytes> FileBytes::read(const std::string& path, size_t most) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return fail_errno(path, errno);
  struct stat st = {};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(path, errno);
  if (!S_ISREG(st.st_mode)) return failf(ErrorCode::invalid_argument, "{}: not a file", path);
  size_t size = static_cast<size_t>(st.st_size);
  if (size > most) return failf(ErrorCode::limit, "{}: larger than {} bytes", path, most);
  FileBytes result;
  result.mapped_ = map_sysfs(fd.get(), size);
  if (result.mapped_) {
    result.mapped_size_ = size;
    return result;
  }
  STAPD_ASSIGN(result.bytes_, read_all(fd.get(), path, size, most));
  return result;
}

Result<std::string> read_kernel_file(const std::string& path, size_t most) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return fail_errno(path, errno);
  return read_all(fd.get(), path, 0, most);
}

}  // namespace stapd
