// What `stap -v` says of the passes.
#pragma once

#include <vector>

#include "ctl/stap/options.h"
#include "translator/compile.h"

namespace stapd::ctl {

// A line on stderr for each pass that the options ask for.
void print_passes(const std::vector<PassReport>& passes, const StapOptions& options);

}  // namespace stapd::ctl
