// Where a recording stopped whose writer was killed, so that another goes on with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/store/file_rotation.h"
#include "runtime/store/recording_writer.h"

namespace stapd {

struct ResumePoint {
  RecordingResume resume;
  RotationState files;  // those of the recording; the last one's size is where its blocks end
  // For RingFollower: what is behind these numbers was not written, but for resume.written.
  std::vector<uint64_t> positions;
};

// `paths` are files of one recording, or of more than one, oldest first: `wanted` counts, or else
// that of the last file. Reads the newest files, as many as it must. Not found when they hold no
// block of it.
Result<ResumePoint> find_resume_point(const std::vector<std::string>& paths,
                                      const std::optional<RecordingId>& wanted = std::nullopt);

}  // namespace stapd
