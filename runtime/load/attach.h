// Attaches programs to what they probe.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"

namespace stapd {

// The links of one probe; while one is open or pinned, its program runs. All can be pinned.
using Links = std::vector<UniqueFd>;

// `program`: loaded for the probe's context. Errors name the probe point.
Result<Links> attach(const ProbeSpec& probe, int program);

// The hook that many system calls share: from now on it goes on to `programs`, by number.
Result<Links> attach_dispatch(const SyscallDispatch& dispatch, int program, int program_array,
                              const std::vector<std::pair<uint32_t, int>>& programs);

// The attached program of a link still runs: it was not torn down under us.
bool is_attached(int link);

Result<std::vector<int>> online_cpus();

// How often the kernel left a program out because it would have interrupted itself.
uint64_t recursion_misses(int program);

}  // namespace stapd
