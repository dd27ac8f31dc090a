// One instance of stapd, from start to SIGTERM.
#pragma once

#include "stapd/options.h"

namespace stapd {

// Returns when it was asked to end; sessions go on recording. An error when it could not start.
Status run_daemon(const DaemonOptions& options, Log& log);

}  // namespace stapd
