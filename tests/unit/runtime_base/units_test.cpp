#include "runtime/base/units.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

TEST(Units, Sizes) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("100"), 100u);
  EXPECT_EQ(parse_size("64K"), 65536u);
  EXPECT_EQ(parse_size(" 1 m "), 1u << 20);
  EXPECT_EQ(parse_size("2GiB"), 2ull << 30);
  EXPECT_EQ(parse_size("1T"), 1ull << 40);
  for (const char* wrong :
       {"", "K", "-1", "1.5M", "1X", "1M 2M", "99999999999999999999", "1s", "16777216T"})
    EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("60"), 60'000'000'000u);
  EXPECT_EQ(parse_duration("5s"), 5'000'000'000u);
  EXPECT_EQ(parse_duration("1min 30s"), 90'000'000'000u);
  EXPECT_EQ(parse_duration("1min30s"), 90'000'000'000u);
  EXPECT_EQ(parse_duration("20ms"), 20'000'000u);
  EXPECT_EQ(parse_duration("2h"), 7'200'000'000'000u);
  EXPECT_EQ(parse_duration("2.5"), 2'500'000'000u);
  EXPECT_EQ(parse_duration("0.125s 1.5ms"), 126'500'000u);
  EXPECT_EQ(parse_duration("1.5d"), 129'600'000'000'000u);
  for (const char* wrong : {"", "s", "5 parsecs", "5K", "1s -1s", "9999999999d"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Units, Booleans) {
  EXPECT_TRUE(*parse_boolean("yes"));
  EXPECT_FALSE(*parse_boolean("off"));
  EXPECT_FALSE(parse_boolean("maybe"));
}

TEST(Units, DurationsAreShownShort) {
  EXPECT_EQ(duration_text(0), "0ms");
  EXPECT_EQ(duration_text(850'000'000), "850ms");
  EXPECT_EQ(duration_text(12'345'000'000), "12.3s");
  EXPECT_EQ(duration_text(3'000'000'000), "3s");
  EXPECT_EQ(duration_text(60'000'000'000), "1min");
  EXPECT_EQ(duration_text(250'000'000'000), "4min 10s");
  EXPECT_EQ(duration_text(11'100'000'000'000), "3h 5min");
  EXPECT_EQ(duration_text(187'200'000'000'000), "2d 4h");
}

}  // namespace
}  // namespace stapd
