#include "stapd/session/opened_recording.h"

#include <fcntl.h>

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

}  // namespace stapd
