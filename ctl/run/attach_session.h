// `staprun -A`: what a session has recorded and was not shown yet, then what comes.
#pragma once

#include "ctl/run/run_options.h"

namespace stapd::ctl {

// Until the session ends, or SIGQUIT detaches again. Signals that end it end the session. The
// process's exit status: 1 when the session failed, else 0. Of the options root, name, output,
// poll_ns and suppress_warnings count.
Result<int> attach_session(const RunOptions& options);

// `staprun -d`: ends a session that nobody is attached to; what it recorded and its end handlers
// print is lost. "*": every one that stap or staprun left.
Status delete_session(const std::string& root, const std::string& name);

}  // namespace stapd::ctl
