#include "runtime/base/clock.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

TEST(Clock, ReadingsAreOfOneMoment) {
  ClockReading a = read_clocks();
  ClockReading b = read_clocks();
  EXPECT_LE(a.boot, b.boot);
  EXPECT_LE(a.mono, b.mono);
  EXPECT_LE(a.mono, a.boot + 1'000'000);  // suspend only adds to boot
  int64_t drift = static_cast<int64_t>((b.real - b.boot) - (a.real - a.boot));
  EXPECT_LT(std::abs(drift), 1'000'000);
}

TEST(WallClock, WithoutReadingsGivesTheTimeItself) { EXPECT_EQ(WallClock().real_of(42), 42u); }

TEST(WallClock, TheEarlierReadingHoldsUpToTheNext) {
  WallClock clock;
  clock.add({2000, 2000, 9000});  // somebody set the clock
  clock.add({1000, 1000, 5000});
  EXPECT_EQ(clock.real_of(900), 4900u);
  EXPECT_EQ(clock.real_of(1000), 5000u);
  EXPECT_EQ(clock.real_of(1999), 5999u);
  EXPECT_EQ(clock.real_of(2000), 9000u);
  EXPECT_EQ(clock.real_of(2500), 9500u);
}

TEST(WallClock, OnlyASetClockIsFollowed) {
  constexpr uint64_t kSecond = 1'000'000'000, kJitter = 999'999;
  const ClockReading first{10 * kSecond, 10 * kSecond, 50 * kSecond};
  auto later = [&](int64_t more_real) {
    uint64_t passed = 5 * kSecond;
    return ClockReading{first.boot + passed, first.mono + passed,
                        first.real + passed + static_cast<uint64_t>(more_real)};
  };
  EXPECT_EQ(wall_clock_set_by(first, later(kJitter)), 0);
  EXPECT_EQ(wall_clock_set_by(first, later(-int64_t{kJitter})), 0);
  EXPECT_EQ(wall_clock_set_by(first, later(kSecond)), int64_t{kSecond});
  EXPECT_EQ(wall_clock_set_by(first, later(-int64_t{kSecond})), -int64_t{kSecond});
  WallClock clock(first);
  clock.follow(later(kJitter));
  EXPECT_EQ(clock.readings().size(), 1u);
  clock.follow(later(-int64_t{kSecond}));
  EXPECT_EQ(clock.real_of(14 * kSecond), 54 * kSecond) << "before it was set";
  EXPECT_EQ(clock.real_of(15 * kSecond), 54 * kSecond);
}

}  // namespace
}  // namespace stapd
