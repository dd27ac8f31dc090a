// What a session recorded before: a ring that only grows old since it was started anew (with
// another script, or another ring), or one that records and cannot be taken over, which goes on
// until another one has its place. It stays pinned, so that it outlives stapd like the session
// itself.
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
  // By its pins; of them nothing changes.
  static Result<EarlierRecording> open(const std::string& pin_folder);

  const std::string& pin_folder() const { return pin_folder_; }
  // CLOCK_BOOTTIME and CLOCK_REALTIME of its start.
  uint64_t started_boot() const { return started_boot_; }
  uint64_t started_real() const { return started_real_; }
  const SessionSchema& schema() const { return schema_; }
  const RecordingMaps& maps() const { return maps_; }
  Result<OpenedRecording> open_for_reading() const;

  // Its programs still do.
  bool records() const;
  // They do no longer. The handlers of their end run when this build understands them, and all that
  // they need is there.
  Status end();

  // Renames its folder.
  Status move_to(const std::string& pin_folder);
  // Somebody else has.
  void has_moved_to(const std::string& pin_folder) { pin_folder_ = pin_folder; }
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

// Whether what is pinned there was replaced by what is pinned in `successor`: whoever is killed in
// the midst of that leaves one that records, and another one that does not yet.
bool was_replaced(const std::string& pin_folder, const std::string& successor);

}  // namespace stapd
