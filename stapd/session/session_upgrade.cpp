// A session that cannot be taken over, since another build of stapd started it, whose image means
// nothing to this one, or since some of its pins are gone: what it recorded can be read, and its
// programs, which hold their maps themselves, go on until new ones run.
#include "runtime/filing/filing_state.h"
#include "runtime/load/pins.h"
#include "runtime/load/session_lock.h"
#include "stapd/session/session.h"

namespace stapd {
Status Session::keep_predecessor() {
  std::string folder = host_.paths.session_pins(name_);
  STAPD_ASSIGN(std::optional<SessionLock> lock, SessionLock::take(folder));
  if (!lock) return failf(ErrorCode::busy, "another process holds it");
  STAPD_ASSIGN(EarlierRecording predecessor, EarlierRecording::open(folder));
  STAPD_TRY(predecessor.move_to(host_.paths.earlier_pins(name_, predecessor.started_boot())));
  return adopt_earlier(std::move(predecessor));
}

Status Session::take_charge_of_predecessor() {
  const EarlierRecording& predecessor = earlier_.newest();
  started_real_ = predecessor.started_real();
  if (!lacks_end_of_files(predecessor.pin_folder())) return {};  // it writes none
  STAPD_ASSIGN(SharedArea state, SharedArea::open(filing_pin(predecessor.pin_folder())));
  Result<UniqueFd> doorbell = open_pin(predecessor.pin_folder() + "/" + kDoorbellPin);
  FilingSource source{predecessor.schema().info, predecessor.maps(),
                      doorbell ? doorbell->get() : -1};
  STAPD_ASSIGN(files_, make_files(source, std::move(state)));
  files_->start(std::move(files_before_));
  return {};
}

// An event of this moment may be recorded by both, and by none never.
Status Session::succeed(UniqueFd image_fd) {
  STAPD_ASSIGN(Prepared prepared, prepare(std::move(image_fd)));
  STAPD_TRY(prepared.recorder->succeed());
  replace_predecessor();
  take(std::move(prepared));
  return {};
}

// Its successor runs.
void Session::replace_predecessor() {
  end_predecessor("another recording goes on");
  if (files_) files_before_ = std::move(files_);
}

void Session::end_predecessor(const std::string& reason) {
  EarlierRecording& predecessor = earlier_.newest();
  if (Status ended = predecessor.end(); !ended) say(LOG_ERR, ended.error().message);
  if (files_) end_files(*files_, predecessor.pin_folder(), reason);
}

}  // namespace stapd
