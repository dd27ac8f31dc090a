#include "ctl/command_line/time_span.h"

#include <gtest/gtest.h>

namespace stapd::ctl {
namespace {

TEST(TimeSpan, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(*parse_time_span("5s"), 5'000'000'000u);
  EXPECT_EQ(*parse_time_span("500ms"), 500'000'000u);
  EXPECT_EQ(*parse_time_span("250us"), 250'000u);
  EXPECT_EQ(*parse_time_span("7ns"), 7u);
  EXPECT_EQ(*parse_time_span("1min 30s"), 90'000'000'000u);
  EXPECT_EQ(*parse_time_span("1min30s"), 90'000'000'000u);
  EXPECT_EQ(*parse_time_span("2h"), 7200'000'000'000u);
  EXPECT_EQ(*parse_time_span("2.5"), 2'500'000'000u);
  EXPECT_EQ(*parse_time_span("0"), 0u);
}

TEST(TimeSpan, RefusesEverythingElse) {
  for (const char* text :
       {"", " ", "s", "5x", "-1s", "+", "1e9", "nan", "inf", "5s x", "99999999999d"})
    EXPECT_FALSE(parse_time_span(text)) << text;
}

TEST(TimeSpan, IsShownShort) {
  EXPECT_EQ(time_span_text(0), "0ms");
  EXPECT_EQ(time_span_text(850'000'000), "850ms");
  EXPECT_EQ(time_span_text(12'345'000'000), "12.3s");
  EXPECT_EQ(time_span_text(3'000'000'000), "3s");
  EXPECT_EQ(time_span_text(60'000'000'000), "1min");
  EXPECT_EQ(time_span_text(250'000'000'000), "4min 10s");
  EXPECT_EQ(time_span_text(11'100'000'000'000), "3h 5min");
  EXPECT_EQ(time_span_text(187'200'000'000'000), "2d 4h");
}

}  // namespace
}  // namespace stapd::ctl
