#include "ctl/stapctl/session_watch.h"

#include <utility>

namespace stapd::ctl {
namespace {

constexpr uint64_t kLookEveryNs = 500'000'000;
// What stapd has to do for each reader that is not root.
constexpr uint64_t kRefreshEveryNs = 250'000'000;
// A stapd that hangs must not keep us from reading for long.
constexpr uint64_t kTimeoutUs = 1'000'000;

}  // namespace

SessionWatch::SessionWatch(std::string name, std::optional<std::string> root, StapdClient client,
                           uint32_t ring_id)
    : name_(std::move(name)),
      root_(std::move(root)),
      client_(std::move(client)),
      ring_id_(ring_id) {}

// A stapd that is gone is noticed by look(); one that refuses has nothing to read any more.
void SessionWatch::refresh(Recording& recording, const std::vector<uint64_t>& positions,
                           uint64_t now) {
  if (recording.copied_from().empty() || !client_ || now < next_refresh_) return;
  next_refresh_ = now + kRefreshEveryNs;
  Status refreshed = client_->refresh(recording, positions);
  if (!refreshed && refreshed.error().code != ErrorCode::busy && client_->bus().is_alive())
    ended_ = true;
}

std::optional<std::string> SessionWatch::look(uint64_t now) {
  if (client_) {
    if (client_->bus().is_alive()) return std::nullopt;
    client_.reset();
    next_look_ = now + kLookEveryNs;
    return fmt::format("stapd is gone; {} goes on recording", name_);
  }
  if (now < next_look_) return std::nullopt;
  next_look_ = now + kLookEveryNs;
  return greet();
}

// stapd answers again: is it the same recording?
std::optional<std::string> SessionWatch::greet() {
  Result<StapdClient> client = StapdClient::connect(root_, kTimeoutUs);
  if (!client) return std::nullopt;
  Result<std::string> path = client->find_session(name_);
  if (!path && path.error().code != ErrorCode::not_found) return std::nullopt;
  if (!path) {
    ended_ = true;
    return fmt::format("stapd is back, and does not know {}", name_);
  }
  Result<SessionInfo> info = client->session_info(*path);
  if (!info || info->state == "starting") return std::nullopt;
  Result<std::unique_ptr<Recording>> recording = client->open_recording(*path);
  if (info->state != "recording" || !recording) {
    ended_ = true;
    return fmt::format("stapd is back; {}: {}", name_, info->state);
  }
  if ((*recording)->ring_id() != ring_id_) {
    ended_ = true;
    return fmt::format("stapd is back, and has started {} anew: attach again", name_);
  }
  client_ = std::move(*client);
  return "stapd is back";
}

}  // namespace stapd::ctl
