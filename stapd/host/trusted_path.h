// Files that say what runs in the kernel must be root's alone.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace stapd {

// An error that says who else could change the file, or put another in its place: the file, every
// folder above it, and those above what symbolic links lead to. A sticky folder (/tmp) is no way.
// What is not there is trusted.
Status check_trusted(const std::string& path);

}  // namespace stapd
