// One program of an image into the kernel.
#pragma once

#include "runtime/base/unique_fd.h"
#include "runtime/load/map_set.h"

namespace stapd {

// Fails with ErrorCode::internal when the verifier refuses it, which is a bug of ours: the message
// then holds the end of the verifier's log and the script's line.
Result<UniqueFd> load_program(const ProgramImage& image, const ProgramSpec& program,
                              const MapSet& maps);

// Runs a raw tracepoint program once, with the given arguments as its context.
Status run_program(int program, const std::vector<uint64_t>& arguments);

// Likewise on CPU `cpu`, without arguments.
Status run_program_on(int program, int cpu);

}  // namespace stapd
