// The script of a command line: a file, standard input, or one of the examples by its name.
#pragma once

#include "ctl/stap/options.h"

namespace stapd::ctl {

// Puts the main script's text into options.compile; what -e gave is there already.
Status read_scripts(StapOptions& options);

}  // namespace stapd::ctl
