// The families' files, each with the points that it builds.
#pragma once

#include "translator/probes/probe_builder.h"

namespace stapd::probes {

std::vector<ProbeFamily> begin_end_families();
std::vector<ProbeFamily> timer_families();
std::vector<ProbeFamily> tracepoint_families();
std::vector<ProbeFamily> syscall_families();
std::vector<ProbeFamily> kernel_function_families();
std::vector<ProbeFamily> user_function_families();
std::vector<ProbeFamily> process_families();
// Points that SystemTap has and we do not yet: refused with a message of their own. They come last:
// of two families with one pattern the first is taken.
std::vector<ProbeFamily> unsupported_families();

}  // namespace stapd::probes
