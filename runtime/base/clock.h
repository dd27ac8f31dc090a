// The kernel's clocks, and what one says in terms of another. All in ns.
#pragma once

#include <cstdint>
#include <vector>

namespace stapd {

// Three clocks at (nearly) one moment.
struct ClockReading {
  uint64_t boot = 0;  // CLOCK_BOOTTIME: what records carry
  uint64_t mono = 0;  // CLOCK_MONOTONIC: stands still in suspend
  uint64_t real = 0;  // CLOCK_REALTIME: jumps when somebody sets it

  bool operator==(const ClockReading&) const = default;
};

ClockReading read_clocks();
uint64_t read_boot_clock();
uint64_t read_mono_clock();
uint64_t read_real_clock();

// By how much somebody set the wall clock between two readings; 0 when nobody did. Both clocks are
// slewed alike: less than a millisecond comes from the readings.
int64_t wall_clock_set_by(const ClockReading& before, const ClockReading& after);

// From CLOCK_BOOTTIME to wall time, by readings taken now and then: between two of them the earlier
// one holds, so that a jump of the wall clock does not move what was recorded before it.
class WallClock {
 public:
  WallClock() = default;
  explicit WallClock(const ClockReading& reading) { add(reading); }

  void add(const ClockReading& reading);
  // Adds it when somebody has set the clock since the last one.
  void follow(const ClockReading& now);
  // Without any reading, the time itself.
  uint64_t real_of(uint64_t boot) const;
  const std::vector<ClockReading>& readings() const { return readings_; }

 private:
  std::vector<ClockReading> readings_;  // by boot
};

}  // namespace stapd
