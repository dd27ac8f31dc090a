// Code without consequence goes away: assignments that nobody reads, expressions without effect,
// branches that are empty, handlers with nothing left.
#pragma once

#include "translator/elaborate/usage.h"

namespace stapd {

// As SystemTap does it, before types are inferred: what is gone cannot have a wrong type. Says so
// for the user's own code. `thorough`: afterwards, also what SystemTap keeps, silently.
void elide_dead_code(sem::Program& program, const SideTables& side, const SourceFiles& files,
                     Diagnostics& diagnostics, bool thorough);

// Handlers that have become empty, with a warning; what the translator made itself stays.
void elide_empty_probes(sem::Program& program, const SourceFiles& files, Diagnostics& diagnostics);

}  // namespace stapd
