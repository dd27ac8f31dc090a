// A file that stapd sends as a descriptor, as bytes.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace stapd::ctl {

// By reading, not by mapping: nobody can cut short what was read. `what` is for messages.
Result<std::string> read_sealed(int fd, const std::string& what);

}  // namespace stapd::ctl
