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

}  // namespace
}  // namespace stapd
