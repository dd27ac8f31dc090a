// A command of system(): a shell of its own, not waited for.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/result.h"

namespace stapd {

// With the signals of a fresh process. Whoever calls reaps it.
Result<pid_t> start_system_command(const std::string& command);

}  // namespace stapd
