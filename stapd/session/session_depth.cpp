// Keep=: whether the ring reaches back as far as the profile wants. A session without it is never
// looked at unless somebody asks, so that nobody wakes up.
#include <algorithm>

#include "runtime/base/clock.h"
#include "runtime/base/units.h"
#include "stapd/session/session.h"

namespace stapd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// Often enough to see a ring that got too short before everything wanted is gone.
uint64_t interval_for(uint64_t keep_ns) { return std::clamp(keep_ns / 2, kSecond, 60 * kSecond); }

std::string size_text(uint64_t bytes) {
  return bytes >= (1u << 20) ? fmt::format("{}M", bytes >> 20) : fmt::format("{}K", bytes >> 10);
}

}  // namespace

// A measurement counts for the worst of the day, whoever asked for it.
RingDepth Session::take_depth() const {
  ClockReading now = read_clocks();
  RingReader reader(readable_maps()->ring(), readable_schema().info->formats);
  RingDepth ring = measure_depth(reader, now.boot);
  if (ring.ledger.overwritten && state_ == State::recording)
    note_depth(metadata_->metadata().worst_depth, ring.depth_ns, local_day(now.real));
  return ring;
}

void Session::watch_depth() {
  depth_timer_.reset();
  if (!profile_.keep_ns) return;
  uint64_t next = read_clocks().mono + interval_for(profile_.keep_ns);
  Result<EventSource> timer = host_.loop.at(next, [this] {
    check_depth();
    watch_depth();
  });
  if (timer)
    depth_timer_ = std::move(*timer);
  else
    say(LOG_ERR, timer.error().message);
}

void Session::check_depth() {
  RingDepth ring = take_depth();
  bool too_shallow = ring.ledger.overwritten && ring.depth_ns < profile_.keep_ns;
  if (too_shallow == too_shallow_) return;
  too_shallow_ = too_shallow;
  std::string keep = duration_text(profile_.keep_ns);
  if (too_shallow)
    say(LOG_WARNING,
        fmt::format("its ring reaches back {}, less than Keep={}; at this load [Memory] Size={} "
                    "would do",
                    duration_text(ring.depth_ns), keep,
                    size_text(ring_bytes_for(ring_bytes(), ring.depth_ns, profile_.keep_ns))),
        message_id::kDepth);
  else
    say(LOG_INFO, fmt::format("its ring reaches back {} again", keep), message_id::kDepth);
}

}  // namespace stapd
