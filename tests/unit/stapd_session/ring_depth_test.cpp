#include "stapd/session/ring_depth.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace stapd {
namespace {

TEST(RingDepth, TheWorstOfADayStaysUntilTheNext) {
  WorstDepth worst;
  note_depth(worst, 50, 20261121);
  note_depth(worst, 30, 20261121);
  note_depth(worst, 40, 20261121);
  EXPECT_EQ(worst.depth_ns, 30u);
  note_depth(worst, 90, 20261122);
  EXPECT_EQ(worst.depth_ns, 90u);
  EXPECT_EQ(worst.day, 20261122u);
}

TEST(RingDepth, ADayIsOfLocalTime) {
  setenv("TZ", "UTC-2", 1);
  tzset();
  constexpr uint64_t kLateEvening = 1'795'300'000;  // 2026-11-21 22:26:40 UTC
  EXPECT_EQ(local_day(kLateEvening * 1'000'000'000), 20261122u);
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_EQ(local_day(kLateEvening * 1'000'000'000), 20261121u);
}

TEST(RingDepth, TheSizeThatWouldDoIsAPowerOfTwo) {
  EXPECT_EQ(ring_bytes_for(1 << 20, 30, 60), 2u << 20);
  EXPECT_EQ(ring_bytes_for(1 << 20, 50, 60), 2u << 20);
  EXPECT_EQ(ring_bytes_for(1 << 16, 0, UINT64_MAX), UINT64_C(1) << 62) << "of an empty depth";
}

}  // namespace
}  // namespace stapd
