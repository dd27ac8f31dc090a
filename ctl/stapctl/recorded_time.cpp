#include "ctl/stapctl/recorded_time.h"

#include <algorithm>

#include "ctl/stapctl/wall_text.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

std::string wall_of(uint64_t boot, const ClockReading& now) {
  return wall_text(WallClock(now).real_of(boot));
}

std::string words_of(const AskedTime& asked, const ClockReading& now) {
  if (asked.last) return "in the last " + duration_text(*asked.last);
  std::string start = wall_of(asked.start, now), end = wall_of(asked.end, now);
  if (asked.start > now.boot) return fmt::format("since {}, which is yet to come", start);
  if (asked.end == UINT64_MAX) return "since " + start;
  return asked.start ? fmt::format("between {} and {}", start, end) : "until " + end;
}

uint64_t oldest_of(const ReadSession& ring) {
  RingRecord record;
  return ring.reader().stream(0)->next(record) ? record.time : 0;
}

uint64_t newest_of(const ReadSession& ring) {
  uint64_t newest = 0;
  for (uint32_t segment = 0; segment < ring.reader().segments(); ++segment) {
    uint64_t produced = ring.reader().counters(segment).produced;
    if (produced == 0) continue;
    SegmentCopy copy = ring.reader().read_new(segment, produced - 1);
    for (const SegmentCopy::Entry& entry : copy.entries()) newest = std::max(newest, entry.time);
  }
  return newest;
}

std::string started_text(const ReadSession& ring, const ClockReading& now) {
  uint64_t started = ring.schema().info.started;
  return fmt::format("{} was started at {} ({} ago)", ring.name(), wall_text(started),
                     duration_text(now.real - std::min(started, now.real)));
}

}  // namespace

std::string nothing_recorded_text(std::span<const ReadSession* const> rings, const AskedTime& asked,
                                  const ClockReading& now) {
  uint64_t oldest = 0, newest = 0;
  for (const ReadSession* ring : rings) {
    if (!oldest) oldest = oldest_of(*ring);
    newest = std::max(newest, newest_of(*ring));
  }
  if (!oldest) return started_text(*rings.front(), now) + ", and has recorded nothing so far";
  return fmt::format("{} recorded nothing {}; what it has is of {} to {}", rings.front()->name(),
                     words_of(asked, now), wall_of(oldest, now), wall_of(newest, now));
}

std::string late_start_text(std::span<const ReadSession* const> rings, const AskedTime& asked,
                            const ClockReading& now) {
  uint64_t start = WallClock(now).real_of(asked.start);
  bool is_late = asked.start && start < rings.front()->schema().info.started;
  return is_late ? started_text(*rings.front(), now) + ": there is nothing before that" : "";
}

}  // namespace stapd::ctl
