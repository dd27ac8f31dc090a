// Attaches programs to what they probe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"
#include "runtime/load/map_set.h"

namespace stapd {

// While one is open or pinned, its program runs. All can be pinned.
using Links = std::vector<UniqueFd>;

struct Attached {
  Links links;
  std::vector<std::string> missing;  // why, of each probe that is not there and may be missing
};

// Attaches all that the kernel runs. `programs`: the image's, loaded. A probe that cannot be
// attached is an error that names its point, unless it is optional or all may be missing.
Result<Attached> attach_probes(const ProgramImage& image, const std::vector<UniqueFd>& programs,
                               const MapSet& maps, bool may_be_missing);

// The attached program of a link still runs: it was not torn down under us.
bool is_attached(int link);

Result<std::vector<int>> online_cpus();

// How often the kernel left a program out because it would have interrupted itself.
uint64_t recursion_misses(int program);

}  // namespace stapd
