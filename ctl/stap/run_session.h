// `stap`'s pass 5: records in this process and shows what is recorded as it comes.
#pragma once

#include <memory>

#include "ctl/stap/options.h"
#include "runtime/image/program_image.h"

namespace stapd::ctl {

// Runs until the script ends it, a signal, the time limit or the end of the command. The process's
// exit status: 1 after run-time errors, else 0.
Result<int> run_session(const StapOptions& options, std::shared_ptr<const ProgramImage> image);

}  // namespace stapd::ctl
