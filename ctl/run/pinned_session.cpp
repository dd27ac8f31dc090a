#include "ctl/run/pinned_session.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "ctl/client/stapd_client.h"
#include "ctl/run/holder_process.h"
#include "runtime/image/image_io.h"
#include "runtime/load/death_watch.h"
#include "runtime/load/pins.h"
#include "runtime/load/run_word.h"
#include "runtime/load/session_pins.h"

namespace stapd::ctl {

Result<std::unique_ptr<PinnedSession>> PinnedSession::open(const std::string& root,
                                                           const std::string& name) {
  STAPD_ASSIGN(std::string instance, instance_pins_of(root));
  std::string folder = session_pins(instance, name);
  if (::access(folder.c_str(), F_OK) != 0 && errno == ENOENT)
    return failf(ErrorCode::not_found, "there is no session '{}'", name);
  STAPD_ASSIGN(MetadataMap metadata, MetadataMap::open(folder));
  STAPD_ASSIGN(std::string encoded, metadata.read_image());
  STAPD_ASSIGN(ProgramImage image, decode_image_untrusted(encoded));
  std::unique_ptr<PinnedSession> session(
      new PinnedSession(root, name, folder, std::move(metadata)));
  STAPD_ASSIGN(session->recorder_,
               Recorder::observe(std::make_shared<const ProgramImage>(std::move(image)), folder));
  session->watch_holder();
  return session;
}

Result<std::vector<std::string>> PinnedSession::list(const std::string& root) {
  STAPD_ASSIGN(std::string instance, instance_pins_of(root));
  std::vector<std::string> names;
  for (const std::string& pin : list_pins(sessions_folder(instance))) {
    std::string name = decode_pin_name(pin);
    if (name.empty()) continue;
    Result<MetadataMap> metadata = MetadataMap::open(session_pins(instance, name));
    if (metadata && text_of(metadata->metadata().profile_path).empty()) names.push_back(name);
  }
  return names;
}

bool PinnedSession::has_ended() const { return load_ended(recorder_->state()) != 0; }

void PinnedSession::watch_holder() {
  holder_ = ProcessHandle(static_cast<pid_t>(metadata_.metadata().holder));
}

Result<bool> PinnedSession::ensure_holder() {
  if (has_ended() || metadata_.metadata().holder_kind != HolderKind::process) return false;
  RecorderOptions options;
  options.pin_folder = folder_;
  Result<std::unique_ptr<Recorder>> adopted = Recorder::adopt(recorder_->shared_image(), options);
  if (!adopted && adopted.error().code == ErrorCode::busy) {
    watch_holder();
    return false;
  }
  if (!adopted && has_ended()) return false;
  if (!adopted) return tl::unexpected(adopted.error());
  STAPD_ASSIGN(pid_t pid, fork_holder(metadata_, folder_));
  if (pid == 0) {
    recorder_.reset();
    hold_session(std::move(*adopted), 0);
  }
  watch_holder();
  return true;
}

Status PinnedSession::bring_to_end() {
  if (has_ended()) return {};
  Status mine = recorder_->take_over();
  if (mine) return recorder_->stop(Recorder::Pins::keep);
  if (has_ended()) return {};
  if (mine.error().code != ErrorCode::busy) return mine;
  if (asked_ == metadata_.metadata().holder) return {};
  if (metadata_.metadata().holder_kind == HolderKind::daemon) return ask_stapd();
  ask_process();
  return {};
}

Status PinnedSession::ask_stapd() {
  asked_ = metadata_.metadata().holder;
  STAPD_ASSIGN(StapdClient stapd,
               StapdClient::connect(root_.empty() ? std::nullopt : std::optional(root_)));
  return stapd.stop(name_);
}

// Its number may be another process's by now: not as long as its own death was not noted.
void PinnedSession::ask_process() {
  watch_holder();
  if (!holder_.valid() || time_of_death(holder_watch(folder_))) return;
  if (holder_.send(SIGTERM)) asked_ = metadata_.metadata().holder;
}

Status PinnedSession::remove() {
  Status removed = discard_pin_folder(folder_);
  remove_empty_instance(folder_);
  return removed;
}

}  // namespace stapd::ctl
