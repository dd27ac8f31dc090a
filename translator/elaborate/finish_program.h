// The last passes: types are known, dead code is gone, and what lowering reads is filled in.
#pragma once

#include "translator/elaborate/options.h"
#include "translator/elaborate/program_builder.h"

namespace stapd {

// The pieces of every print: which directive shows which value.
void finish_prints(sem::Program& program, const SideTables& side);

// An overload that never says `next` ends the list of those to try.
void cut_overloads(sem::Program& program);

// Takes away functions, globals and locals that nothing uses, and numbers the rest anew. Read and
// write flags of globals.
void prune(sem::Program& program, SideTables& side);

// The smallest capacities that hold whatever can flow into each string.
void infer_widths(sem::Program& program);

}  // namespace stapd
