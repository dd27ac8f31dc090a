// What loaded programs cost, as the kernel counts it when somebody asks for that.
#pragma once

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

struct ProgramCost {
  uint64_t runs = 0;
  uint64_t ns = 0;  // of all runs
};

// The kernel counts as long as the descriptor is open, for every program of the host: about 20 ns a
// run.
Result<UniqueFd> count_program_costs();

ProgramCost cost_of(int program);

}  // namespace stapd
