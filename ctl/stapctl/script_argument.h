// A script on stapctl's command line, with the options of stap that say what it means.
#pragma once

#include <optional>

#include "ctl/stap/options.h"

namespace stapd::ctl {

// "[OPTION...] SCRIPT [ARGUMENT...]": options of stap that have to do with compiling only. Those
// that are not stap's are left out. A file is not read yet.
Result<StapOptions> script_argument(const CommandLine& line);

// Compiles for this host up to `last` and shows the diagnostics. Nothing: the script has faults.
Result<std::optional<CompileOutcome>> compile_script(const StapOptions& options, CompilePhase last);

}  // namespace stapd::ctl
