// What of a recorder outlives its process: the pins of a session, and how another recorder takes
// its place.
#include <unistd.h>

#include "runtime/load/metadata_pin.h"
#include "runtime/load/pins.h"
#include "runtime/load/run_word.h"
#include "runtime/load/session_pins.h"
#include "runtime/recorder/recorder.h"

namespace stapd {
namespace {

std::string beside(const std::string& folder) { return folder + "+new"; }

}  // namespace

// Into a folder beside, which is given its name when it is complete: what has the name is whole.
Status Recorder::pin_beside(const RecorderOptions& options) {
  pin_folder_ = options.pin_folder;
  if (pin_folder_.empty()) return {};
  std::string folder = beside(pin_folder_);
  STAPD_TRY(ensure_bpffs());
  STAPD_TRY(remove_pin_folder(folder));
  STAPD_TRY(make_pin_folder(folder));
  STAPD_TRY(hold(folder));
  STAPD_TRY(maps_->pin(folder));
  for (size_t i = 0; i < programs_.size(); ++i)
    STAPD_TRY(pin_object(programs_[i].get(), fmt::format("{}/program{}", folder, i)));
  for (const auto& [name, map] : options.more_pins)
    STAPD_TRY(pin_object(map, fmt::format("{}/{}", folder, name)));
  STAPD_TRY(probes_->pin(folder, pin_folder_));
  if (options.metadata < 0) return {};
  return pin_object(options.metadata, fmt::format("{}/{}", folder, kMetadataPin));
}

Status Recorder::publish_pins() {
  if (pin_folder_.empty()) return {};
  if (::access(pin_folder_.c_str(), F_OK) == 0)
    return failf(ErrorCode::already_exists, "{}: there is a session of this name", pin_folder_);
  return rename_pin_folder(beside(pin_folder_), pin_folder_);
}

Status Recorder::pin(const std::string& folder, int metadata,
                     std::vector<std::pair<std::string, int>> more_pins) {
  RecorderOptions options;
  options.pin_folder = folder;
  options.metadata = metadata;
  options.more_pins = std::move(more_pins);
  Status pinned = pin_beside(options);
  if (pinned) pinned = publish_pins();
  if (pinned) {
    follow_changes();
    return {};
  }
  pin_folder_.clear();
  probes_->forget_pins();
  lock_.reset();
  (void)remove_pin_folder(beside(folder));
  return pinned;
}

Status Recorder::hold(const std::string& folder) {
  STAPD_ASSIGN(lock_, SessionLock::take(folder));
  if (!lock_) return failf(ErrorCode::busy, "{}: another process holds this session", folder);
  return {};
}

// Of a session that is ending the programs may be gone already.
Status Recorder::open_pins(const std::string& folder) {
  pin_folder_ = folder;
  STAPD_ASSIGN(MapSet maps, MapSet::open(*image_, pin_folder_));
  maps_.emplace(std::move(maps));
  for (size_t i = 0; i < image_->programs.size(); ++i) {
    Result<UniqueFd> program = open_pin(fmt::format("{}/program{}", pin_folder_, i));
    programs_.push_back(program ? std::move(*program) : UniqueFd());
  }
  STAPD_ASSIGN(probes_, ArmedProbes::open(*image_, programs_, *maps_, pin_folder_));
  return {};
}

// Of what stays readable only what would record goes.
Status Recorder::remove_pins() {
  if (pin_folder_.empty()) return {};
  if (!keeps_pins_) return discard_pin_folder(pin_folder_);
  return remove_running_pins(pin_folder_);
}

Result<std::unique_ptr<Recorder>> Recorder::adopt_replaced(
    std::shared_ptr<const ProgramImage> image, const RecorderOptions& options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(image)));
  recorder->keeps_pins_ = recorder->was_replaced_ = true;
  STAPD_TRY(recorder->open_pins(options.pin_folder));
  recorder->set_up_vm();
  return recorder;
}

// Whoever is killed between two of these steps leaves one session that records, under one of the
// two names: `old_folder` gets its name again as long as this one does not run.
Status Recorder::replace(Recorder& old, const std::string& old_folder) {
  STAPD_TRY(try_begin_handlers());
  STAPD_TRY(rename_pin_folder(old.pin_folder_, old_folder));
  if (Status published = publish_pins(); !published) {
    STAPD_TRY(rename_pin_folder(old_folder, old.pin_folder_));
    return tl::unexpected(published.error());
  }
  old.pin_folder_ = old_folder;
  old.keeps_pins_ = old.was_replaced_ = true;
  // In this order, since an event's programs run in the order in which they were attached: no event
  // finds neither running. One that is handled at this very moment may find both.
  let_programs_run();
  store_run(old.maps_->session_state(), SessionState::stopping);
  return {};
}

}  // namespace stapd
