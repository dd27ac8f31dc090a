#include "runtime/base/clock.h"

#include <time.h>

#include <algorithm>

namespace stapd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

uint64_t read_boot_clock() { return read(CLOCK_BOOTTIME); }
uint64_t read_mono_clock() { return read(CLOCK_MONOTONIC); }
uint64_t read_real_clock() { return read(CLOCK_REALTIME); }

ClockReading read_clocks() {
  // The narrowest of a few attempts: an interrupt between the reads would spoil the pair.
  ClockReading best;
  uint64_t narrowest = UINT64_MAX;
  for (int attempt = 0; attempt < 5; ++attempt) {
    uint64_t before = read(CLOCK_BOOTTIME);
    uint64_t mono = read(CLOCK_MONOTONIC), real = read(CLOCK_REALTIME);
    uint64_t after = read(CLOCK_BOOTTIME);
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    best = {before + narrowest / 2, mono, real};
  }
  return best;
}

int64_t wall_clock_set_by(const ClockReading& before, const ClockReading& after) {
  constexpr int64_t kJitter = 1'000'000;
  auto set_by = static_cast<int64_t>((after.real - after.boot) - (before.real - before.boot));
  return set_by > -kJitter && set_by < kJitter ? 0 : set_by;
}

void WallClock::add(const ClockReading& reading) {
  auto after = [](const ClockReading& a, const ClockReading& b) { return a.boot < b.boot; };
  readings_.insert(std::upper_bound(readings_.begin(), readings_.end(), reading, after), reading);
}

void WallClock::follow(const ClockReading& now) {
  if (readings_.empty() || wall_clock_set_by(readings_.back(), now) != 0) add(now);
}

uint64_t WallClock::real_of(uint64_t boot) const {
  if (readings_.empty()) return boot;
  auto after = [](uint64_t time, const ClockReading& reading) { return time < reading.boot; };
  auto next = std::upper_bound(readings_.begin(), readings_.end(), boot, after);
  const ClockReading& reading = next == readings_.begin() ? *next : *(next - 1);
  return reading.real + (boot - reading.boot);
}

}  // namespace stapd
