// Recordings for those who may not have the ring itself: copies that stapd makes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ctl/client/bus.h"
#include "ctl/client/recording.h"

namespace stapd::ctl {

// Of the session at this path: what it records now, or its n-th earlier recording.
Result<std::unique_ptr<Recording>> copy_recording(const Bus& bus, const std::string& path,
                                                  uint32_t earlier);
// As the same says now; the copy tells when that is another ring by now. `positions` as of
// RingFollower: what is before them is not needed.
Status refresh_copy(const Bus& bus, Recording& copy, uint32_t earlier,
                    const std::vector<uint64_t>& positions);

}  // namespace stapd::ctl
