// Names of sessions as people type them, and what to say when there is nothing under them.
#pragma once

#include <string>
#include <vector>

#include "ctl/client/stapd_client.h"

namespace stapd::ctl {

// An error that a session is not there, with the name that was likely meant; others as they are.
Error with_likely_name(Error error, StapdClient& client, const std::string& name);
// The path of the session's object.
Result<std::string> find_session(StapdClient& client, const std::string& name);
// The error of asking for what the session at this path has recorded, when it has recorded nothing:
// why that is so. Others as they are.
Error with_reason(Error error, StapdClient& client, const std::string& path);

}  // namespace stapd::ctl
