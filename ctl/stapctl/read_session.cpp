#include "ctl/stapctl/read_session.h"

#include <algorithm>

#include "ctl/stapctl/session_names.h"

namespace stapd::ctl {
namespace {

RecordingInfo info_of(const std::string& name, const Recording& recording) {
  RecordingInfo info = recording.info();
  info.session = name;
  return info;
}

}  // namespace

ReadSession::ReadSession(const std::string& name, std::unique_ptr<Recording> recording,
                         bool is_earlier)
    : is_earlier_(is_earlier),
      recording_(std::move(recording)),
      schema_(info_of(name, *recording_)),
      reader_(recording_->reader()) {}

Result<ReadSessions> open_rings(StapdClient& client, const std::string& name) {
  STAPD_ASSIGN(std::string path, find_session(client, name));
  // In this order: what is restarted in between is here twice rather than not at all.
  auto recording = client.open_recording(path);
  if (!recording) return tl::unexpected(with_reason(recording.error(), client, path));
  STAPD_ASSIGN(auto earlier, client.open_earlier(path));
  ReadSessions rings;
  for (auto& one : earlier)
    if (one->ring_id() != (*recording)->ring_id())
      rings.push_back(std::make_unique<ReadSession>(name, std::move(one), true));
  rings.push_back(std::make_unique<ReadSession>(name, std::move(*recording), false));
  return rings;
}

Result<ReadSessions> open_sessions(StapdClient& client, const std::vector<std::string>& names) {
  ReadSessions sessions;
  for (const std::string& name : names) {
    bool known = std::any_of(sessions.begin(), sessions.end(),
                             [&](const auto& session) { return session->name() == name; });
    if (known) continue;
    STAPD_ASSIGN(ReadSessions rings, open_rings(client, name));
    std::move(rings.begin(), rings.end(), std::back_inserter(sessions));
  }
  return sessions;
}

std::vector<const ReadSchema*> schemas_of(const ReadSessions& sessions) {
  std::vector<const ReadSchema*> schemas;
  for (const auto& session : sessions) schemas.push_back(&session->schema());
  return schemas;
}

}  // namespace stapd::ctl
