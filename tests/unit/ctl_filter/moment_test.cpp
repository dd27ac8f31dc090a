#include "ctl/filter/moment.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>

namespace stapd::ctl {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
// 2026-11-21 14:03:05 in a zone two hours before UTC.
constexpr uint64_t kNow = 1'795'262'585 * kSecond + 500;
constexpr uint64_t kMidnight = 1'795'262'585 * kSecond - (14 * 3600 + 3 * 60 + 5) * kSecond;

class Moments : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "TEST-2", 1);
    tzset();
  }
  static std::string read(const std::string& text) {
    auto moment = parse_moment(text, kNow);
    if (!moment) return "error";
    bool wall = moment->clock == Moment::Clock::wall;
    return (wall ? "wall " : "boot ") + std::to_string(moment->ns);
  }
  static std::string wall(uint64_t ns) { return "wall " + std::to_string(ns); }
};

TEST_F(Moments, OfToday) {
  EXPECT_EQ(read("now"), wall(kNow));
  EXPECT_EQ(read("today"), wall(kMidnight));
  EXPECT_EQ(read("yesterday"), wall(kMidnight - 86'400 * kSecond));
  EXPECT_EQ(read("14:03"), wall(kMidnight + (14 * 3600 + 3 * 60) * kSecond));
  EXPECT_EQ(read(" 00:00:01.25 "), wall(kMidnight + kSecond + kSecond / 4));
  EXPECT_EQ(read("14:03:05.0000005001"), wall(kNow));
}

TEST_F(Moments, OfOtherDays) {
  EXPECT_EQ(read("2026-11-21"), wall(kMidnight));
  EXPECT_EQ(read("2026-11-20 23:59:59"), wall(kMidnight - kSecond));
  EXPECT_EQ(read("2026-11-20T23:59:59.5"), wall(kMidnight - kSecond / 2));
  EXPECT_EQ(read("2026-11-21T12:03:05Z"), wall(kNow - 500));
  EXPECT_EQ(read("2026-11-21 12:03:05 UTC"), wall(kNow - 500));
  EXPECT_EQ(read("@1795262585.0000005"), wall(kNow));
}

TEST_F(Moments, Relative) {
  EXPECT_EQ(read("-5min"), wall(kNow - 300 * kSecond));
  EXPECT_EQ(read("1min 30s ago"), wall(kNow - 90 * kSecond));
  EXPECT_EQ(read("+2s"), wall(kNow + 2 * kSecond));
  EXPECT_EQ(read("-500000h"), "wall 0");
}

TEST_F(Moments, SinceTheHostWasStarted) {
  EXPECT_EQ(read("boot"), "boot 0");
  EXPECT_EQ(read("boot+120s"), "boot 120000000000");
  EXPECT_EQ(read("boot + 2min 1.5s"), "boot 121500000000");
}

TEST_F(Moments, WhatIsNone) {
  for (const char* text :
       {"",           "soon",       "25:00",      "14:60",       "14",          "1:02",
        "14:03x",     "2026-02-30", "2026-13-01", "2026-11-21 ", "2026-11-21x", "2026-11-21 14",
        "21.11.2026", "-",          "-soon",      "+",           "5min",        "boot-1s",
        "boot1s",     "@",          "@5min",      "@-1",         " ago",        "1960-01-01"}) {
    EXPECT_EQ(read(text), std::string(text) == "2026-11-21 " ? wall(kMidnight) : "error") << text;
  }
  EXPECT_NE(parse_moment("soon", kNow).error().message.find("'soon'"), std::string::npos);
}

TEST(TimeRange, BothEndsBelongToIt) {
  TimeRange range;
  EXPECT_TRUE(range.contains(0, 0));
  EXPECT_FALSE(range.is_limited());
  range.since = Moment{Moment::Clock::wall, 100};
  range.until = Moment{Moment::Clock::boot, 50};
  EXPECT_TRUE(range.contains(100, 50));
  EXPECT_FALSE(range.contains(99, 50));
  EXPECT_FALSE(range.contains(100, 51));
}

TEST(TimeRange, InTermsOfThisBoot) {
  ClockReading now = {1000, 900, 1'000'000};
  TimeRange range;
  EXPECT_EQ(range.start(now), 0u);
  EXPECT_EQ(range.end(now), UINT64_MAX);
  range.since = Moment{Moment::Clock::wall, 999'500};
  range.until = Moment{Moment::Clock::boot, 700};
  EXPECT_EQ(range.start(now), 500u);
  EXPECT_EQ(range.end(now), 700u);
  range.since->ns = 5;  // before the boot
  EXPECT_EQ(range.start(now), 0u);
}

}  // namespace
}  // namespace stapd::ctl
