// The process that holds a session while nobody looks: it runs the timers, ends the session when
// the script or somebody says so, and runs the end handlers.
#pragma once

#include <sys/types.h>

#include <memory>

#include "ctl/run/run_options.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/recorder/recorder.h"

namespace stapd::ctl {

// Pins what `recorder` records under the options' name, and says in its metadata what it is.
// `filing`: of a FileProgress, or -1.
Result<MetadataMap> pin_session(Recorder& recorder, const RunOptions& options, int filing);

// A child that has all that this process has: a daemon (its own session, in /, standard files are
// /dev/null). Returns twice: 0 in the child; in the parent the child's pid, when it holds the
// session and has said so in the metadata, and its death will be noted.
Result<pid_t> fork_holder(const MetadataMap& metadata, const std::string& pin_folder);

// What fork_holder's child does when there is nothing to write: until the session ends. What was
// recorded stays pinned until somebody has read it. `deadline`: CLOCK_MONOTONIC ns, or 0.
[[noreturn]] void hold_session(std::unique_ptr<Recorder> recorder, uint64_t deadline);

// The two lines of SystemTap's that say that a session goes on, and by what name.
std::string farewell(const std::string& session, const std::string& root);

}  // namespace stapd::ctl
