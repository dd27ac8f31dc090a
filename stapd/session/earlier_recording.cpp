#include "stapd/session/earlier_recording.h"

#include <utility>

#include "runtime/image/image_io.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/load/pins.h"
#include "runtime/load/run_word.h"
#include "runtime/load/session_pins.h"
#include "runtime/recorder/recorder.h"

namespace stapd {
namespace {

// An error when it is another build's, or not whole.
Status end_with_handlers(const std::string& folder) {
  STAPD_ASSIGN(MetadataMap metadata, MetadataMap::open(folder));
  STAPD_ASSIGN(std::string encoded, metadata.read_image());
  STAPD_ASSIGN(ProgramImage image, decode_image_untrusted(encoded));
  RecorderOptions options;
  options.pin_folder = folder;
  STAPD_ASSIGN(
      std::unique_ptr<Recorder> recorder,
      Recorder::adopt_replaced(std::make_shared<const ProgramImage>(std::move(image)), options));
  return recorder->stop();
}

bool is_running(const SessionState& state) {
  return load_run(state) == SessionState::running && !load_ended(state);
}

}  // namespace

EarlierRecording::EarlierRecording(std::string pin_folder, const SessionMetadata& metadata,
                                   SessionSchema schema, RecordingMaps maps)
    : pin_folder_(std::move(pin_folder)),
      started_boot_(metadata.started_boot),
      started_real_(metadata.started_real),
      schema_(std::move(schema)),
      maps_(std::move(maps)) {}

Result<EarlierRecording> EarlierRecording::open(const std::string& pin_folder) {
  STAPD_ASSIGN(MetadataMap metadata, MetadataMap::open(pin_folder));
  STAPD_ASSIGN(SessionSchema schema, SessionSchema::open(metadata));
  STAPD_ASSIGN(RecordingMaps maps, RecordingMaps::open(pin_folder));
  return EarlierRecording(pin_folder, metadata.metadata(), std::move(schema), std::move(maps));
}

Result<OpenedRecording> EarlierRecording::open_for_reading() const {
  return stapd::open_for_reading(schema_.sealed.get(), maps_);
}

bool EarlierRecording::records() const { return is_running(maps_.state()); }

Status EarlierRecording::end() {
  SessionState& state = maps_.state();
  if (!load_ended(state) && !end_with_handlers(pin_folder_)) {
    store_run(state, SessionState::stopping);
    store_ended(state, SessionState::replaced);
  }
  return remove_running_pins(pin_folder_);
}

Status EarlierRecording::move_to(const std::string& pin_folder) {
  STAPD_TRY(rename_pin_folder(pin_folder_, pin_folder));
  pin_folder_ = pin_folder;
  return {};
}

Status EarlierRecording::remove_pins() const {
  Status removed = discard_pin_folder(pin_folder_);
  remove_empty_instance(pin_folder_);
  return removed;
}

bool was_replaced(const std::string& pin_folder, const std::string& successor) {
  Result<RecordingMaps> maps = RecordingMaps::open(pin_folder);
  if (!maps || !is_running(maps->state())) return true;
  Result<RecordingMaps> next = RecordingMaps::open(successor);
  return next && (is_running(next->state()) || load_ended(next->state()));
}

}  // namespace stapd
