#include "stapd/session/sealed_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace stapd {

Result<UniqueFd> make_memfd(const char* name) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail_errno("memfd", errno);
  return fd;
}

Status seal_memfd(int fd) {
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
    return fail_errno("sealing a memfd", errno);
  return {};
}

Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes) {
  STAPD_ASSIGN(UniqueFd fd, make_memfd(name));
  while (!bytes.empty()) {
    ssize_t size = ::write(fd.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("memfd", errno);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  STAPD_TRY(seal_memfd(fd.get()));
  return fd;
}

}  // namespace stapd
