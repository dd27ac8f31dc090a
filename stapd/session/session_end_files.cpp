// The files of a session over the ends of its recordings. Until a recording's files have their end,
// its pins stay: of who is killed before that, the next stapd writes the rest.
#include <utility>

#include "runtime/filing/filing_state.h"
#include "runtime/load/pins.h"
#include "runtime/load/session_pins.h"
#include "stapd/session/session.h"

namespace stapd {

FilingSource Session::filing_source(const Recorder& recorder, const SessionSchema& schema) {
  const MapSet& maps = recorder.maps();
  std::optional<uint32_t> doorbell = recorder.image().doorbell;
  return {schema.info, maps.recording(), doorbell ? maps.fd(*doorbell) : -1};
}

Result<std::unique_ptr<SessionFiles>> Session::make_files(const FilingSource& source,
                                                          SharedArea state) {
  auto say_it = [this](int priority, const std::string& text, const char* id) {
    say(priority, text, id);
  };
  return SessionFiles::make(host_.loop, say_it, source, std::move(state));
}

// Those of what is taken over; null when it writes none.
Result<std::unique_ptr<SessionFiles>> Session::open_files() {
  if (!lacks_end_of_files(recorder_->pin_folder())) return nullptr;
  STAPD_ASSIGN(SharedArea state, SharedArea::open(filing_pin(recorder_->pin_folder())));
  return make_files(filing_source(*recorder_, *schema_), std::move(state));
}

void Session::begin_files(std::unique_ptr<SessionFiles> files) {
  if (!files) return;
  files_ = std::move(files);
  files_->start(std::move(files_before_));
  // What an end handler prints may be more than its ring holds.
  recorder_->on_half_segment([this] {
    if (files_) files_->catch_up();
  });
}

// Its recorder has stopped, and kept its pins.
void Session::end_files(SessionFiles& files, const std::string& pin_folder,
                        const std::string& reason) {
  files.finish(reason);
  files.when_finished([this, pin_folder](const std::optional<std::string>&) {
    // What was replaced can be read on.
    bool readable = pin_folder != host_.paths.session_pins(name_);
    Status removed =
        readable ? remove_pin_folder(filing_pin(pin_folder)) : discard_pin_folder(pin_folder);
    if (!removed) {
      say(LOG_ERR, removed.error().message);
      note_pins_left(pin_folder);
    }
    remove_empty_instance(pin_folder);
  });
}

// A recording that ended while the dead stapd was there: what only its ring has is written.
Status Session::end_files_left(const FilingSource& source, const std::string& pin_folder,
                               const std::string& reason) {
  STAPD_ASSIGN(SharedArea state, SharedArea::open(filing_pin(pin_folder)));
  STAPD_ASSIGN(std::unique_ptr<SessionFiles> files, make_files(source, std::move(state)));
  files->start(std::exchange(files_before_, nullptr));
  files_before_ = std::move(files);
  end_files(*files_before_, pin_folder, reason);
  say(LOG_INFO, "stapd died before the files of a recording had their end: it is written now",
      message_id::kFilesGoOn);
  return {};
}

Status Session::adopt_earlier(const std::string& pin_folder) {
  STAPD_ASSIGN(EarlierRecording earlier, EarlierRecording::open(pin_folder));
  return adopt_earlier(std::move(earlier));
}

Status Session::adopt_earlier(EarlierRecording recording) {
  if (predecessor_records()) replace_predecessor();
  if (!recording.records()) STAPD_TRY(recording.end());
  earlier_.add(std::move(recording));
  if (predecessor_records()) return take_charge_of_predecessor();
  const EarlierRecording& earlier = earlier_.newest();
  if (!lacks_end_of_files(earlier.pin_folder())) return {};
  return end_files_left({earlier.schema().info, earlier.maps()}, earlier.pin_folder(), "restarted");
}

void Session::forget_earlier() {
  if (!writes_end()) return earlier_.forget_all();
  last_files()->when_finished([this](const std::optional<std::string>&) { earlier_.forget_all(); });
}

SessionFiles* Session::last_files() const { return files_ ? files_.get() : files_before_.get(); }

bool Session::writes_end() const {
  return state_ != State::recording && !predecessor_records() && last_files() &&
         !last_files()->is_finished();
}

}  // namespace stapd
