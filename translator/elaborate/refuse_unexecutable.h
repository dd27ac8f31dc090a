// What passes 1 and 2 accept, as SystemTap's do, and what comes after cannot translate: C code,
// and constructs that we do not have yet. Faults of SystemTap's own pass 3 are here too.
#pragma once

#include "translator/elaborate/program.h"
#include "translator/source/diagnostics.h"

namespace stapd {

// True when the program can be lowered.
bool refuse_unexecutable(const sem::Program& program, Diagnostics& diagnostics);

}  // namespace stapd
