// Runs a session: `stap`'s pass 5, `staprun MODULE`.
#pragma once

#include <memory>

#include "ctl/run/run_options.h"
#include "runtime/image/program_image.h"

namespace stapd::ctl {

// Until the script ends it, a signal, the time limit or the end of the command; or until it is
// detached, and another process holds it. The process's exit status: 1 after run-time errors, else
// 0.
Result<int> run_session(const RunOptions& options, std::shared_ptr<const ProgramImage> image);

}  // namespace stapd::ctl
