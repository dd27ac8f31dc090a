// Attaches programs to what they probe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"

namespace stapd {

// While one is open or pinned, its program runs. All can be pinned.
using Links = std::vector<UniqueFd>;

// Probes that one link attaches: those at places of one file that share a program made for it, and
// come and go together. Others are alone.
using ProbeGroup = std::vector<const ProbeSpec*>;

// All that the kernel runs, but those that share a SyscallDispatch.
std::vector<ProbeGroup> group_probes(const ProgramImage& image);
// Those that share it.
ProbeGroup dispatched_probes(const ProgramImage& image, const SyscallDispatch& dispatch);

Result<Links> attach_group(const ProgramImage& image, const ProbeGroup& group, int program);
Result<Links> attach_tracepoint(const std::string& name, int program);

// The attached program of a link still runs: it was not torn down under us.
bool is_attached(int link);

Result<std::vector<int>> online_cpus();

// How often the kernel left a program out because it would have interrupted itself.
uint64_t recursion_misses(int program);

}  // namespace stapd
