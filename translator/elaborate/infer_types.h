// Types of everything, by looking at the whole program until nothing new is learnt: what is added
// to is a number, what is compared with a string is a string, a parameter is what calls pass.
#pragma once

#include "translator/elaborate/program_builder.h"

namespace stapd {

void infer_types(sem::Program& program, const SideTables& side, Diagnostics& diagnostics);

// Target variables and paths that do not exist, once dead code is gone.
void report_unresolved(sem::Program& program, Diagnostics& diagnostics);

}  // namespace stapd
