// How many errors of handlers, and skipped ones, a session bears: MAXERRORS and MAXSKIPPED, for
// handlers that run outside the kernel.
// Programs do the same by themselves (translator/bpf/select_control.cpp), whoever is alive.
#pragma once

#include "runtime/image/program_image.h"

namespace stapd {

// Counts an error at `now`, ns of CLOCK_BOOTTIME: whether it is one too many. `state`: the state
// map.
bool spend_error(const ProgramImage& image, std::byte* state, uint64_t now);

// More handlers were skipped than MAXSKIPPED lets pass.
bool skipped_too_many(const ProgramImage& image, const SessionState& session);

}  // namespace stapd
