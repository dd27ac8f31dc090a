// Compiles for the kernel that runs here.
#pragma once

#include "translator/inventory.h"

namespace stapd {

// Reads the kernel, adds the folders of our tapsets to the options, compiles. An error when
// nothing can be compiled here; faults of the script are in the outcome.
Result<CompileOutcome> compile_here(CompileOptions options, CompilePhase stop_after);

// Likewise, what there is on this host.
Result<CompileOutcome> inventory_here(CompileOptions options, Inventory inventory);

}  // namespace stapd
