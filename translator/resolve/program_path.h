// Which file a probe point means: SystemTap's rules for process("PATH").
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace stapd {

struct PathContext {
  std::string working_directory = "/";  // of who asks, for relative paths
  std::string search_path;              // its $PATH
};

// `name` with a `/` is relative to the working directory; without one it is searched in $PATH.
// Wildcards expand to the ELF files that match, without $PATH. A `#!` script stands for its
// interpreter, behind /usr/bin/env too. Paths come back without symbolic links, so that one file
// has one name. An error when nothing is found.
Result<std::vector<std::string>> resolve_program(const std::string& name,
                                                 const PathContext& context);

}  // namespace stapd
