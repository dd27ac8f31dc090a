// A session's recording as this process reads it: the ring and the state mapped, the image decoded.
// It goes on whatever becomes of stapd.
#pragma once

#include <memory>

#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"
#include "runtime/load/foreign_map.h"
#include "runtime/ring/ring_reader.h"

namespace stapd::ctl {

// As stapd's OpenRecording hands them out; not yet believed.
struct RecordingFiles {
  UniqueFd image, ring, state;
  uint64_t segment_bytes = 0, state_bytes = 0;
  uint32_t segments = 0;
};

class Recording {
 public:
  static Result<std::unique_ptr<Recording>> open(const RecordingFiles& files);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  const ProgramImage& image() const { return image_; }
  uint32_t segments() const { return ring_.shape.segments; }
  RingReader reader() const;
  // The kernel's number of the ring: another one is another recording.
  uint32_t ring_id() const { return ring_.id; }
  // Whether the session was ended and has written its last record.
  bool has_ended() const;

 private:
  Recording() = default;

  ProgramImage image_;
  ForeignRing ring_;
  MapMemory state_;
};

}  // namespace stapd::ctl
