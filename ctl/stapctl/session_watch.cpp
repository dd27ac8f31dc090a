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

std::string SessionOutlook::end_of(const std::string& name) const {
  if (!is_known)
    return fmt::format("session {} has ended, and its profile is not there any more", name);
  if (!failure.empty()) return fmt::format("session {} has failed: {}", name, failure);
  std::string again = rings.empty() ? "" : ", and was started again: attach --wait goes on then";
  return fmt::format("session {} has ended{}", name, again);
}

Result<SessionWatch> SessionWatch::open(std::string name, std::optional<std::string> root) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(root, kTimeoutUs));
  return SessionWatch(std::move(name), std::move(root), std::move(client));
}

SessionWatch::SessionWatch(std::string name, std::optional<std::string> root, StapdClient client)
    : name_(std::move(name)), root_(std::move(root)), client_(std::move(client)) {}

// A stapd that is gone is noticed by look().
bool SessionWatch::refresh(Recording& recording, const std::vector<uint64_t>& positions,
                           uint64_t now) {
  if (recording.copied_from().empty() || !client_ || now < next_refresh_) return false;
  next_refresh_ = now + kRefreshEveryNs;
  Status refreshed = client_->refresh(recording, positions);
  return !refreshed && refreshed.error().code != ErrorCode::busy && client_->bus().is_alive();
}

SessionWatch::News SessionWatch::look(uint64_t now) {
  if (client_) {
    if (client_->bus().is_alive()) return News::none;
    client_.reset();
    next_look_ = now + kLookEveryNs;
    return News::gone;
  }
  if (now < next_look_) return News::none;
  next_look_ = now + kLookEveryNs;
  Result<StapdClient> client = StapdClient::connect(root_, kTimeoutUs);
  if (!client) return News::none;
  client_ = std::move(*client);
  return News::back;
}

std::optional<SessionOutlook> SessionWatch::ask(const std::set<uint32_t>& known) {
  if (!client_) return std::nullopt;
  SessionOutlook outlook;
  Result<std::string> path = client_->find_session(name_);
  outlook.is_known = path || path.error().code != ErrorCode::not_found;
  if (!outlook.is_known) return outlook;
  if (!path) return std::nullopt;
  Result<SessionInfo> info = client_->session_info(*path);
  if (!info || info->state == "starting") return std::nullopt;
  outlook.is_recording = info->state == "recording";
  outlook.failure = info->failure;
  outlook.is_newest_known = asked_of_ == info->started_us && asked_of_ != 0;
  if (outlook.is_newest_known) return outlook;  // to open a ring may mean to copy it
  Result<ReadSessions> rings = open_rings(*client_, name_);
  if (!rings && rings.error().code == ErrorCode::not_found) return outlook;
  if (!rings) return std::nullopt;
  outlook.is_newest_known = known.contains(rings->back()->recording().ring_id());
  std::erase_if(*rings,
                [&](const auto& ring) { return known.contains(ring->recording().ring_id()); });
  outlook.rings = std::move(*rings);
  asked_of_ = info->started_us;
  return outlook;
}

}  // namespace stapd::ctl
