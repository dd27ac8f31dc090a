// What a session recorded before it was started anew (with another script, or another ring): a ring
// that only grows old. It stays pinned, so that it outlives stapd like the session itself.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"
#include "runtime/load/map_set.h"
#include "stapd/session/opened_recording.h"

namespace stapd {

class EarlierRecording {
 public:
  // What a replaced Recorder left pinned. Runs its end handlers when its stapd died before that.
  static Result<EarlierRecording> open(const std::string& pin_folder);

  // CLOCK_BOOTTIME of its start.
  uint64_t started_boot() const { return started_boot_; }
  Result<OpenedRecording> open_for_reading() const;
  const std::string& pin_folder() const { return pin_folder_; }
  const std::shared_ptr<const ProgramImage>& image() const { return image_; }
  const MapSet& maps() const { return maps_; }
  int image_fd() const { return image_fd_.get(); }
  // It can be read as long as somebody has it open.
  Status remove_pins() const;

 private:
  EarlierRecording(std::string pin_folder, std::shared_ptr<const ProgramImage> image, MapSet maps,
                   UniqueFd image_fd, uint64_t started_boot);

  std::string pin_folder_;
  std::shared_ptr<const ProgramImage> image_;
  MapSet maps_;
  UniqueFd image_fd_;
  uint64_t started_boot_;
};

// Whether the folder's programs still record: whoever replaced it was killed before it could say
// that they should not.
bool still_records(const std::string& pin_folder);

}  // namespace stapd
