#include "stapd/session/opened_recording.h"

namespace stapd {
Result<OpenedRecording> open_for_reading(int schema_fd, const RecordingMaps& maps) {
  OpenedRecording opened;
  STAPD_ASSIGN(opened.schema, duplicate_fd(schema_fd));
  STAPD_ASSIGN(opened.ring, duplicate_fd(maps.ring_fd()));
  STAPD_ASSIGN(opened.state, duplicate_fd(maps.state_fd()));
  opened.segment_bytes = maps.shape().segment_size;
  opened.segments = maps.shape().segments;
  opened.state_bytes = maps.state_bytes();
  return opened;
}

}  // namespace stapd
