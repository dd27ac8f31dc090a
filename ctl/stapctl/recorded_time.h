// What a session's rings have of a time that somebody asked for, in words: somebody in a hurry must
// not take "nothing was looked for in the right place" for "nothing happened".
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ctl/stapctl/read_session.h"

namespace stapd::ctl {

// In ns of CLOCK_BOOTTIME; 0 and UINT64_MAX where it has no end.
struct AskedTime {
  uint64_t start = 0, end = UINT64_MAX;
  std::optional<uint64_t> last;  // ns: it was asked for as the last so many
};

// Where there was none: "execs recorded nothing until 14:03:05; what it has is of 14:10:00 to
// 14:12:31". `rings`: of one session, the oldest first.
std::string nothing_recorded_text(std::span<const ReadSession* const> rings, const AskedTime& asked,
                                  const ClockReading& now);
// When the time begins before the session was started: that it does. Else "".
std::string late_start_text(std::span<const ReadSession* const> rings, const AskedTime& asked,
                            const ClockReading& now);

}  // namespace stapd::ctl
