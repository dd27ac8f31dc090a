// A session that another build of stapd started, whose image means nothing to this one: what it
// recorded can be read, and its programs go on until those of this build run.
#include "runtime/load/session_lock.h"
#include "stapd/session/session.h"

namespace stapd {
Status Session::keep_predecessor() {
  std::string folder = host_.paths.session_pins(name_);
  STAPD_ASSIGN(std::optional<SessionLock> lock, SessionLock::take(folder));
  if (!lock) return failf(ErrorCode::busy, "another process holds it");
  STAPD_ASSIGN(EarlierRecording predecessor, EarlierRecording::open(folder));
  STAPD_TRY(predecessor.move_to(host_.paths.earlier_pins(name_, predecessor.started_boot())));
  keep_earlier(std::move(predecessor));
  return resume_files_of_earlier();
}

// An event of this moment may be recorded by both, and by none never.
Status Session::succeed(UniqueFd image_fd) {
  STAPD_ASSIGN(Prepared prepared, prepare(std::move(image_fd)));
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder,
               Recorder::start(prepared.image, prepared.options));
  end_predecessor("another build of stapd goes on");
  if (files_) files_before_ = std::move(files_);
  forget_recording();
  return take(std::move(prepared), std::move(recorder));
}

void Session::end_predecessor(const std::string& reason) {
  if (Status ended = earlier_.back().end(); !ended) say(LOG_ERR, ended.error().message);
  if (files_) end_files(*files_, earlier_.back().pin_folder(), reason);
}

}  // namespace stapd
