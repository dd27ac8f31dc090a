// When a daemon died: a tiny pinned program sees its process exit, however it is killed, and notes
// the time. So nobody has to wake up now and then to leave a sign of life.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

// Watches this process (one thread: its main one) from now on, pinned in `folder`, in place of
// whatever was watched there.
Status watch_this_process(const std::string& folder);

// CLOCK_BOOTTIME in ns when the process that was watched in `folder` exited; nothing when none was
// watched, or it lives.
std::optional<uint64_t> time_of_death(const std::string& folder);

}  // namespace stapd
