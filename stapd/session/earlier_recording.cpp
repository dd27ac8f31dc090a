#include "stapd/session/earlier_recording.h"

#include <utility>

#include "runtime/image/image_io.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/load/pins.h"
#include "runtime/load/session_pins.h"
#include "runtime/recorder/recorder.h"
#include "stapd/session/sealed_memfd.h"

namespace stapd {
namespace {

struct Pinned {
  std::string encoded;
  std::shared_ptr<const ProgramImage> image;
  uint64_t started_boot;
};

Result<Pinned> read_pins(const std::string& folder) {
  STAPD_ASSIGN(MetadataMap metadata, MetadataMap::open(folder));
  STAPD_ASSIGN(std::string encoded, metadata.read_image());
  STAPD_ASSIGN(ProgramImage image, decode_image_untrusted(encoded));
  return Pinned{std::move(encoded), std::make_shared<const ProgramImage>(std::move(image)),
                metadata.metadata().started_boot};
}

Status end(std::shared_ptr<const ProgramImage> image, const std::string& folder) {
  RecorderOptions options;
  options.pin_folder = folder;
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder,
               Recorder::adopt_replaced(std::move(image), options));
  return recorder->stop();
}

}  // namespace

EarlierRecording::EarlierRecording(std::string pin_folder,
                                   std::shared_ptr<const ProgramImage> image, MapSet maps,
                                   UniqueFd image_fd, uint64_t started_boot)
    : pin_folder_(std::move(pin_folder)),
      image_(std::move(image)),
      maps_(std::move(maps)),
      image_fd_(std::move(image_fd)),
      started_boot_(started_boot) {}

Result<EarlierRecording> EarlierRecording::open(const std::string& pin_folder) {
  STAPD_ASSIGN(Pinned pinned, read_pins(pin_folder));
  STAPD_ASSIGN(MapSet maps, MapSet::open(*pinned.image, pin_folder));
  if (!maps.session_state().ended) STAPD_TRY(end(pinned.image, pin_folder));
  STAPD_ASSIGN(UniqueFd image_fd, sealed_memfd("stapd-image", pinned.encoded));
  return EarlierRecording(pin_folder, std::move(pinned.image), std::move(maps), std::move(image_fd),
                          pinned.started_boot);
}

Result<OpenedRecording> EarlierRecording::open_for_reading() const {
  return stapd::open_for_reading(image_fd_.get(), *image_, maps_);
}

Status EarlierRecording::remove_pins() const {
  Status removed = discard_pin_folder(pin_folder_);
  remove_empty_instance(pin_folder_);
  return removed;
}

bool still_records(const std::string& pin_folder) {
  Result<Pinned> pinned = read_pins(pin_folder);
  if (!pinned) return false;
  Result<MapSet> maps = MapSet::open(*pinned->image, pin_folder);
  return maps && maps->session_state().run == SessionState::running;
}

}  // namespace stapd
