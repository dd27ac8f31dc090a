// Types of everything, by looking at the whole program until nothing new is learnt: what is added
// to is a number, what is compared with a string is a string, a parameter is what calls pass.
#pragma once

#include "translator/elaborate/program_builder.h"

namespace stapd {

void infer_types(sem::Program& program, const SideTables& side, Diagnostics& diagnostics);

}  // namespace stapd
