// How stap and staprun end, in SystemTap's words.
#pragma once

#include "runtime/base/result.h"

namespace stapd::ctl {

// An error, also of writing what was printed, goes to stderr and is 1.
int exit_status(const Result<int>& status);

}  // namespace stapd::ctl
