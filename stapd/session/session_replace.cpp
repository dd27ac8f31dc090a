// A session that is started anew while it records: the new recording takes the old one's place, and
// what the old one recorded can be read until the new ring is full, too.
#include "stapd/session/session.h"

namespace stapd {

void Session::restart(Started tell) {
  if (state_ != State::recording) return start(std::move(tell), OnUnknownKey::refuse);
  if (is_held())
    return tell(
        SessionFailure{SessionFailure::Kind::start,
                       fmt::format("process {} of stap holds a session of this name: stop it first",
                                   holder_.pid())});
  if (std::optional<SessionFailure> refused = refusal(OnUnknownKey::refuse)) return tell(refused);
  starters_.push_back(std::move(tell));
  // One that is under way compiles what the profile said before it was read again.
  compile();
}

Status Session::replace_recording(UniqueFd image_fd) {
  STAPD_ASSIGN(Prepared prepared, prepare(std::move(image_fd)));
  STAPD_ASSIGN(EarlierRecording replaced, EarlierRecording::open(recorder_->pin_folder()));
  std::string folder = host_.paths.earlier_pins(name_, replaced.started_boot());
  STAPD_TRY(prepared.recorder->replace(*recorder_, folder));
  replaced.has_moved_to(folder);
  end_handlers("restarted");
  if (files_) files_before_ = std::move(files_);
  forget_recorder();
  earlier_.add(std::move(replaced));
  take(std::move(prepared));
  return {};
}

}  // namespace stapd
