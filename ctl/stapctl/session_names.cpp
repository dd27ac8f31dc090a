#include "ctl/stapctl/session_names.h"

#include "runtime/base/spelling.h"

namespace stapd::ctl {

Error with_likely_name(Error error, StapdClient& client, const std::string& name) {
  if (error.code != ErrorCode::not_found) return error;
  Result<std::vector<SessionEntry>> sessions = client.list_sessions();
  if (!sessions) return error;
  std::vector<std::string> names;
  for (const SessionEntry& session : *sessions) names.push_back(session.name);
  std::string nearest = nearest_name(name, names);
  std::string root = client.root() ? " --root=" + *client.root() : "";
  error.message += nearest.empty() || nearest == name
                       ? fmt::format("; what there is: stapctl{} list", root)
                       : fmt::format(": did you mean '{}'?", nearest);
  return error;
}

Result<std::string> find_session(StapdClient& client, const std::string& name) {
  Result<std::string> path = client.find_session(name);
  if (!path) return tl::unexpected(with_likely_name(path.error(), client, name));
  return path;
}

Error with_reason(Error error, StapdClient& client, const std::string& path) {
  if (error.code != ErrorCode::not_found) return error;
  Result<SessionInfo> info = client.session_info(path);
  if (!info) return error;
  if (info->state == "starting")
    error.message = fmt::format("{} is being started: try again in a moment", info->name);
  else if (!info->failure.empty())
    error.message =
        fmt::format("{} has failed, and recorded nothing: {}", info->name, info->failure);
  else
    error.message = fmt::format(
        "{} was not started, and recorded nothing; to start it: stapctl start {}, to wait until "
        "somebody does: stapctl attach --wait {}",
        info->name, info->name, info->name);
  return error;
}

}  // namespace stapd::ctl
