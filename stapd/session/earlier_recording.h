// What a session recorded before: a ring that only grows old since it was started anew (with
// another script, or another ring), or one that another build of stapd left recording, which goes
// on until this build's takes its place. It stays pinned, so that it outlives stapd like the
// session itself.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/load/recording_maps.h"
#include "runtime/ring/ring_reader.h"
#include "stapd/session/opened_recording.h"
#include "stapd/session/session_schema.h"

namespace stapd {

class EarlierRecording {
 public:
  // What a replaced Recorder left pinned: ended, when its stapd died before that. What another
  // build left is not touched.
  static Result<EarlierRecording> open(const std::string& pin_folder);

  const std::string& pin_folder() const { return pin_folder_; }
  // CLOCK_BOOTTIME and CLOCK_REALTIME of its start.
  uint64_t started_boot() const { return started_boot_; }
  uint64_t started_real() const { return started_real_; }
  const SessionSchema& schema() const { return schema_; }
  const RecordingMaps& maps() const { return maps_; }
  Result<OpenedRecording> open_for_reading() const;

  // Another build's programs record.
  bool records() const;
  // They do no longer. The handlers of their end do not run: they are in the other build's code.
  Status end();

  // Renames its folder.
  Status move_to(const std::string& pin_folder);
  // It can be read as long as somebody has it open.
  Status remove_pins() const;

 private:
  EarlierRecording(std::string pin_folder, const SessionMetadata& metadata, SessionSchema schema,
                   RecordingMaps maps);

  std::string pin_folder_;
  uint64_t started_boot_, started_real_;
  SessionSchema schema_;
  RecordingMaps maps_;
};

// Whether the folder's programs still record, and are this build's: whoever replaced it was killed
// before it could say that they should not.
bool still_records(const std::string& pin_folder);

}  // namespace stapd
