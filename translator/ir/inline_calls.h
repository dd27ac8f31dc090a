// A handler with every function it calls put in its place: a BPF program has no other calls of
// script functions.
#pragma once

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd {

// Calls that come back with an error go where the call said, their message built in a slot when a
// catch asks for it. New literals are added to the image. Fails when a function calls itself, or
// when the whole gets too large.
Result<ir::Function> inline_calls(const ir::Function& handler, ProgramImage& image);

}  // namespace stapd
