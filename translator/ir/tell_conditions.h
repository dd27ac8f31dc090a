// Handlers that change what conditions of probe points read look, where they end, whether the
// condition holds now: whoever runs the session is told when it does not hold any more, or again.
#pragma once

#include "runtime/image/program_image.h"

namespace stapd {

// Rewrites a handler of the kernel, all calls inlined and locks placed, and notes which conditions
// it changes. It looks without locks: a handler that changes the condition meanwhile looks after
// it, so the last look is right.
void tell_conditions(ir::Function& handler, ProgramImage& image);

}  // namespace stapd
