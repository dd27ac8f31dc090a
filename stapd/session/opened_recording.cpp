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

Result<OpenedRecording> open_for_reading(int schema_fd, const RecordingMaps& maps) {
  OpenedRecording opened;
  STAPD_ASSIGN(opened.schema, duplicate(schema_fd));
  STAPD_ASSIGN(opened.ring, duplicate(maps.ring_fd()));
  STAPD_ASSIGN(opened.state, duplicate(maps.state_fd()));
  opened.segment_bytes = maps.shape().segment_size;
  opened.segments = maps.shape().segments;
  opened.state_bytes = maps.state_bytes();
  return opened;
}

}  // namespace stapd
