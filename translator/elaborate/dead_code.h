// Code without consequence goes away: assignments that nobody reads, expressions without effect,
// branches that are empty, handlers with nothing left.
#pragma once

#include "translator/elaborate/usage.h"

namespace stapd {

enum class Elision : uint8_t {
  before_types,  // as SystemTap does it: what is gone cannot have a wrong type. Says so for the
                 // user's own code
  after_types,   // likewise, and branches on constants
  thorough,      // also what SystemTap keeps, silently
};

void elide_dead_code(sem::Program& program, const SideTables& side, const SourceFiles& files,
                     Diagnostics& diagnostics, Elision elision);

// Handlers that have become empty, with a warning; what the translator made itself stays.
void elide_empty_probes(sem::Program& program, const SourceFiles& files, Diagnostics& diagnostics);

}  // namespace stapd
