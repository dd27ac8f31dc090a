// A session that is started anew while it records: the new recording takes the old one's place, and
// what the old one recorded can be read until the new ring is full, too.
#include "stapd/session/session.h"

namespace stapd {
namespace {

// Rings take memory that cannot be swapped out: whoever tries one script after the other must not
// fill it.
constexpr size_t kMostEarlier = 4;

}  // namespace

void Session::restart(Started tell) {
  if (state_ != State::recording) return start(std::move(tell), OnUnknownKey::refuse);
  if (is_held())
    return tell(
        SessionFailure{SessionFailure::Kind::start,
                       fmt::format("process {} of stap holds a session of this name: stop it first",
                                   holder_pid_)});
  if (std::optional<SessionFailure> refused = refusal(OnUnknownKey::refuse)) return tell(refused);
  starters_.push_back(std::move(tell));
  // One that is under way compiles what the profile said before it was read again.
  compile();
}

Status Session::replace_recording(UniqueFd image_fd) {
  STAPD_ASSIGN(Prepared prepared, prepare(std::move(image_fd)));
  std::string folder = host_.paths.earlier_pins(name_, metadata_->metadata().started_boot);
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder,
               Recorder::replace(prepared.image, prepared.options, *recorder_, folder));
  end_handlers("restarted");
  if (files_) files_before_ = std::move(files_);
  forget_recording();
  if (Status kept = keep_earlier(folder); !kept)
    say(LOG_ERR, "what it recorded before cannot be read: " + kept.error().message);
  return take(std::move(prepared), std::move(recorder));
}

Status Session::keep_earlier(const std::string& pin_folder) {
  STAPD_ASSIGN(EarlierRecording earlier, EarlierRecording::open(pin_folder));
  keep_earlier(std::move(earlier));
  return {};
}

void Session::keep_earlier(EarlierRecording earlier) {
  earlier_.push_back(std::move(earlier));
  if (earlier_.size() > kMostEarlier) forget_oldest("it was restarted too often");
}

void Session::forget_oldest(const std::string& why) {
  say(LOG_INFO, fmt::format("no longer keeps what it recorded before: {}", why));
  if (Status removed = earlier_.front().remove_pins(); !removed)
    say(LOG_WARNING, removed.error().message);
  earlier_.erase(earlier_.begin());
}

// A ring that has begun to overwrite holds as much as it ever will: it needs none before it. What
// the daemon's own handlers say is little, and does not fill its segment.
void Session::forget_outlived() {
  if (earlier_.empty() || state_ != State::recording) return;
  RingReader reader = recorder_->reader();
  bool overwrites = false;
  for (uint32_t cpu = 0; cpu + 1 < reader.segments(); ++cpu) {
    SegmentLedger ledger = reader.read_new(cpu, 0).ledger();
    if (ledger.produced && !ledger.overwritten) return;
    overwrites |= ledger.overwritten > 0;
  }
  while (overwrites && !earlier_.empty() && !lacks_end_of_files(earlier_.front().pin_folder()))
    forget_oldest("the ring is full of what came since");
}

void Session::remove_earlier_pins() const {
  for (const EarlierRecording& earlier : earlier_)
    if (Status removed = earlier.remove_pins(); !removed) say(LOG_WARNING, removed.error().message);
}

void Session::forget_earlier() {
  remove_earlier_pins();
  earlier_.clear();
}

Result<std::vector<OpenedRecording>> Session::open_earlier() {
  forget_outlived();
  std::vector<OpenedRecording> opened;
  for (const EarlierRecording& earlier : earlier_) {
    STAPD_ASSIGN(OpenedRecording one, earlier.open_for_reading());
    opened.push_back(std::move(one));
  }
  return opened;
}

}  // namespace stapd
