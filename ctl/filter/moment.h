// Moments as people write them behind --since and --until.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace stapd::ctl {

struct Moment {
  enum class Clock : uint8_t { wall, boot };
  Clock clock = Clock::wall;
  uint64_t ns = 0;  // since the epoch, or since the host was started (CLOCK_BOOTTIME)
};

// What journalctl takes, in local time:
//   14:03   14:03:05.25   2026-11-21   2026-11-21 14:03:05   (T for the space; Z or UTC behind it)
//   now   today   yesterday   -5min   5min ago   +10s   @1795269785.5
// and, as no clock that somebody set moves it, the time since the host was started: boot+120s.
// `now` in ns since the epoch.
Result<Moment> parse_moment(std::string_view text, uint64_t now);

// Both ends are included.
struct TimeRange {
  std::optional<Moment> since, until;

  bool is_limited() const { return since || until; }
  // `real` in ns since the epoch, `boot` of CLOCK_BOOTTIME: the same moment.
  bool contains(uint64_t real, uint64_t boot) const {
    auto at = [&](const Moment& moment) {
      return moment.clock == Moment::Clock::wall ? real : boot;
    };
    return (!since || at(*since) >= since->ns) && (!until || at(*until) <= until->ns);
  }
  // Both ends in ns of this boot's CLOCK_BOOTTIME; 0 and UINT64_MAX where there is none. `now`
  // tells what the wall clock means.
  uint64_t start(const ClockReading& now) const;
  uint64_t end(const ClockReading& now) const;
};

}  // namespace stapd::ctl
