#pragma once

#include <cstdint>
#include <string>

namespace stapd::ctl {

// "2026-11-21 14:03:05", local time, of ns since the epoch.
std::string wall_text(uint64_t real_ns);

}  // namespace stapd::ctl
