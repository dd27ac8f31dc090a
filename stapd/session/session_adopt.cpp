// Sessions that this stapd did not start: those of the one before it, and those of stap and
// staprun, whose processes hold them as long as they live.
#include <unistd.h>

#include <chrono>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/image/image_io.h"
#include "runtime/load/death_watch.h"
#include "runtime/load/pins.h"
#include "stapd/session/session.h"

namespace stapd {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(1);
constexpr int kMostLooks = 1000;

std::string in_seconds(uint64_t ns) { return fmt::format("{:.3f} s", double(ns) / 1e9); }

}  // namespace

Status Session::adopt(std::optional<uint64_t> away_since) {
  Status adopted = open_pins();
  std::string folder = host_.paths.session_pins(name_);
  if (adopted && recorder_->is_stopped() && lacks_end_of_files(folder)) {
    adopted = end_files_left(filing_source(*recorder_, *schema_), folder, "stopped");
    if (adopted) show_outcome();
  } else if (adopted && recorder_->is_stopped()) {
    show_end();
  } else if (adopted) {
    adopted = take_over(away_since);
  }
  if (!adopted) forget_recorder();
  return adopted;
}

Status Session::open_pins() {
  std::string folder = host_.paths.session_pins(name_);
  STAPD_ASSIGN(MetadataMap map, MetadataMap::open(folder));
  STAPD_ASSIGN(std::string encoded, map.read_image());
  STAPD_ASSIGN(ProgramImage image, decode_image_untrusted(encoded));
  STAPD_ASSIGN(schema_, SessionSchema::open(map));
  STAPD_ASSIGN(recorder_,
               Recorder::observe(std::make_shared<const ProgramImage>(std::move(image)), folder));
  metadata_.emplace(std::move(map));
  started_real_ = metadata_->metadata().started_real;
  // Until its profile is read, if it is still there.
  profile_.path = text_of(metadata_->metadata().profile_path);
  profile_.script_path = text_of(metadata_->metadata().script_path);
  return {};
}

Status Session::take_over(std::optional<uint64_t> away_since) {
  SessionMetadata& metadata = metadata_->metadata();
  std::string watch_folder = holder_watch(host_.paths.session_pins(name_));
  Status mine = recorder_->take_over();
  // There is no other stapd: a compiler that the dead one had just forked has its locks until it
  // runs.
  for (int looks = 0; !mine && mine.error().code == ErrorCode::busy &&
                      metadata.holder_kind == HolderKind::daemon && looks < kMostLooks;
       ++looks) {
    std::this_thread::sleep_for(kBetweenLooks);
    mine = recorder_->take_over();
  }
  if (!mine && mine.error().code == ErrorCode::busy) return watch_holder();
  STAPD_TRY(mine);
  bool was_stapd = metadata.holder_kind == HolderKind::daemon;
  if (!was_stapd) away_since = time_of_death(watch_folder);
  holder_.forget();
  metadata.holder_kind = HolderKind::daemon;
  metadata.holder = static_cast<uint64_t>(getpid());
  if (!was_stapd) profile_.description = "left by stap";
  (void)remove_pin_folder(watch_folder);
  return go_on(was_stapd ? "stapd" : "the process that held it", away_since);
}

Status Session::go_on(const std::string& who, std::optional<uint64_t> away_since) {
  STAPD_ASSIGN(std::unique_ptr<SessionFiles> files, open_files());
  STAPD_ASSIGN(watches_, watch(*recorder_));
  // The dead stapd had not come to that.
  if (!earlier_.empty() && earlier_.newest().records()) replace_predecessor();
  begin_files(std::move(files));
  watch_depth();
  SessionMetadata& metadata = metadata_->metadata();
  ++metadata.adoptions;
  std::string away = "for an unknown time";
  if (away_since) {
    metadata.last_away = read_boot_clock() - *away_since;
    metadata.away += metadata.last_away;
    away = "for " + in_seconds(metadata.last_away);
  }
  recorder_->write_notice(fmt::format("{} was away {}; the recording went on\n", who, away));
  Status alive = recorder_->wants_to_end() ? Status() : recorder_->prove_alive();
  if (alive)
    say(LOG_INFO,
        fmt::format("goes on recording; no {} was there {}", who == "stapd" ? "stapd" : "process",
                    away),
        message_id::kAdopted);
  else
    say(LOG_ERR, "was adopted, but does not record all it should: " + alive.error().message,
        message_id::kAdopted);
  // Who holds it has changed, if not the state.
  if (state_ == State::recording) host_.on_state(*this);
  set_state(State::recording);
  look_after();
  return {};
}

// ---- held by another process ------------------------------------------------------------------

// It is shown like one of ours; when the holder ends, either the session has ended, too, or it is
// ours.
Status Session::watch_holder() {
  uint64_t pid = metadata_->metadata().holder;
  profile_.description = fmt::format("left by stap, held by process {}", pid);
  STAPD_TRY(holder_.watch(host_.loop, pid, [this] { on_holder_gone(); }));
  set_state(State::recording);
  return {};
}

void Session::on_holder_gone() {
  if (recorder_->state().ended) return show_end();
  Status taken = take_over(std::nullopt);
  if (taken) return;
  if (recorder_->state().ended) return show_end();
  say(LOG_ERR, "its process died, and it cannot be taken over: " + taken.error().message,
      message_id::kFailed);
  forget_pinned();
}

void Session::ask_holder_to_end() {
  if (!holder_.ask_to_end()) on_holder_gone();
}

// Whoever ended it has read it, unless its pins are still there.
void Session::show_end() {
  std::string folder = host_.paths.session_pins(name_);
  unread_ = ::access(folder.c_str(), F_OK) == 0;
  bool asked = holder_.was_asked();
  holder_.forget();
  if (!unread_ && !asked) return forget_pinned();
  if (asked) remove_unread();
  show_outcome();
}

void Session::show_outcome() {
  if (recorder_->has_failed()) return fail(SessionFailure::Kind::run, run_failure());
  set_state(State::stopped);
}

void Session::look_at_pins() {
  if (unread_ && ::access(host_.paths.session_pins(name_).c_str(), F_OK) != 0) forget_pinned();
}

// It stays readable here.
void Session::remove_unread() {
  if (!unread_) return;
  unread_ = false;
  std::string folder = host_.paths.session_pins(name_);
  if (Status removed = discard_pin_folder(folder); !removed)
    say(LOG_WARNING, removed.error().message);
  remove_empty_instance(folder);
}

// Its pins could not be removed: stop() tries again.
void Session::note_pins_left(const std::string& pin_folder) {
  if (pin_folder == host_.paths.session_pins(name_) && !writes_end())
    unread_ = ::access(pin_folder.c_str(), F_OK) == 0;
}

void Session::forget_pinned() {
  holder_.forget();
  unread_ = false;
  forget_recording();
  set_state(State::inactive);
}

}  // namespace stapd
