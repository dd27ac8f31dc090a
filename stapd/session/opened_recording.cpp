#include "stapd/session/opened_recording.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace stapd {
namespace {

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return fail_errno("file descriptor", errno);
  return copy;
}

}  // namespace

Result<OpenedRecording> open_for_reading(int image_fd, const ProgramImage& image,
                                         const MapSet& maps) {
  OpenedRecording opened;
  STAPD_ASSIGN(opened.image, duplicate(image_fd));
  STAPD_ASSIGN(opened.ring, duplicate(maps.fd(kRingMap)));
  STAPD_ASSIGN(opened.state, duplicate(maps.fd(kStateMap)));
  opened.segment_bytes = maps.ring_shape().segment_size;
  opened.segments = maps.ring_shape().segments;
  opened.state_bytes = image.maps[kStateMap].value_size;
  opened.script_name = image.script_name;
  return opened;
}

Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail_errno("memfd", errno);
  while (!bytes.empty()) {
    ssize_t size = ::write(fd.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("memfd", errno);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
    return fail_errno("memfd", errno);
  return fd;
}

}  // namespace stapd
