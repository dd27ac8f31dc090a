// perf_event_open for the hooks that are perf events.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

// A tracepoint of tracefs, by "system/name". One event serves all CPUs: a program that is attached
// to it runs wherever the tracepoint is hit.
Result<UniqueFd> open_tracepoint_event(const std::string& name);

// Interrupts CPU `cpu` `frequency` times a second of its clock.
Result<UniqueFd> open_cpu_clock_event(int cpu, uint64_t frequency);

// The instruction at `offset` in the file; `pid` -1: in every process.
Result<UniqueFd> open_uprobe_event(const std::string& path, uint64_t offset, bool at_return,
                                   int pid);

Result<UniqueFd> open_kprobe_event(const std::string& symbol, uint64_t offset, bool at_return);

// tracefs, mounted where the kernel has it; "" when it is nowhere.
std::string tracefs_folder();

}  // namespace stapd
