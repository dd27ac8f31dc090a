// Histogram tables, character for character. The expected tables are what SystemTap 4.8 prints.
#include "runtime/format/histogram_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace stapd {
namespace {

const std::string kRule(50, '-');

std::string bar(int marks, std::string_view count, int digits) {
  std::string text(static_cast<size_t>(marks), '@');
  std::string padding(51 - static_cast<size_t>(marks) + static_cast<size_t>(digits) - count.size(),
                      ' ');
  return text + padding + std::string(count) + "\n";
}

std::string log_table(const std::map<uint32_t, uint64_t>& data, HistogramStyle style = {}) {
  std::vector<uint64_t> buckets(kLogBuckets);
  for (auto [bucket, count] : data) buckets[bucket] = count;
  std::string out;
  append_histogram(out, HistogramShape{}, buckets, style);
  return out;
}

std::string linear_table(int64_t start, int64_t stop, int64_t width,
                         const std::map<uint32_t, uint64_t>& data, HistogramStyle style = {}) {
  HistogramShape shape{true, start, stop, width, linear_buckets(start, stop, width)};
  std::vector<uint64_t> buckets(shape.buckets);
  for (auto [bucket, count] : data) buckets[bucket] = count;
  std::string out;
  append_histogram(out, shape, buckets, style);
  return out;
}

TEST(HistogramText, LogOfOneValueShowsTwoEmptyRowsAround) {
  EXPECT_EQ(log_table({{68, 3}}), "value |" + kRule + " count\n" +  //
                                      "    2 |" + bar(0, "0", 1) +  //
                                      "    4 |" + bar(0, "0", 1) +  //
                                      "    8 |" + bar(3, "3", 1) +  //
                                      "   16 |" + bar(0, "0", 1) +  //
                                      "   32 |" + bar(0, "0", 1) + "\n");
}

TEST(HistogramText, LogStopsAtZeroWithoutNegativeValues) {
  EXPECT_EQ(log_table({{65, 1}}), "value |" + kRule + " count\n" +  //
                                      "    0 |" + bar(0, "0", 1) +  //
                                      "    1 |" + bar(1, "1", 1) +  //
                                      "    2 |" + bar(0, "0", 1) +  //
                                      "    4 |" + bar(0, "0", 1) + "\n");
}

TEST(HistogramText, LogOfNegativeValues) {
  EXPECT_EQ(log_table({{62, 10}, {64, 1}}), "value |" + kRule + " count\n" +    //
                                                "   -8 |" + bar(0, " 0", 2) +   //
                                                "   -4 |" + bar(0, " 0", 2) +   //
                                                "   -2 |" + bar(10, "10", 2) +  //
                                                "   -1 |" + bar(0, " 0", 2) +   //
                                                "    0 |" + bar(1, " 1", 2) +   //
                                                "    1 |" + bar(0, " 0", 2) +   //
                                                "    2 |" + bar(0, " 0", 2) + "\n");
}

TEST(HistogramText, BarsAreScaledRoundedUp) {
  // 101 needs a scale of 3: a bar of 33.
  EXPECT_EQ(log_table({{64, 101}, {65, 50}}), "value |" + kRule + " count\n" +     //
                                                  "    0 |" + bar(33, "101", 3) +  //
                                                  "    1 |" + bar(16, " 50", 3) +  //
                                                  "    2 |" + bar(0, "  0", 3) +   //
                                                  "    4 |" + bar(0, "  0", 3) + "\n");
}

TEST(HistogramText, LongEmptyRunsAreElided) {
  EXPECT_EQ(log_table({{64, 1}, {71, 1}}), "value |" + kRule + " count\n" +  //
                                               "    0 |" + bar(1, "1", 1) +  //
                                               "    1 |" + bar(0, "0", 1) +  //
                                               "    2 |" + bar(0, "0", 1) +  //
                                               "      ~\n"                   //
                                               "   16 |" +
                                               bar(0, "0", 1) +              //
                                               "   32 |" + bar(0, "0", 1) +  //
                                               "   64 |" + bar(1, "1", 1) +  //
                                               "  128 |" + bar(0, "0", 1) +  //
                                               "  256 |" + bar(0, "0", 1) + "\n");
}

TEST(HistogramText, NegativeElisionShowsAll) {
  std::string text = log_table({{64, 1}, {71, 1}}, {50, -1});
  EXPECT_EQ(text.find('~'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
  std::string tight = log_table({{64, 1}, {71, 1}}, {50, 0});
  EXPECT_EQ(std::count(tight.begin(), tight.end(), '\n'), 5);
}

TEST(HistogramText, LinearHidesEmptyUnderflowAndOverflow) {
  EXPECT_EQ(linear_table(0, 20, 10, {{1, 2}, {2, 1}}), "value |" + kRule + " count\n" +  //
                                                           "    0 |" + bar(2, "2", 1) +  //
                                                           "   10 |" + bar(1, "1", 1) +  //
                                                           "   20 |" + bar(0, "0", 1) + "\n");
}

TEST(HistogramText, LinearMarksUnderflowAndOverflow) {
  EXPECT_EQ(linear_table(100, 120, 10, {{0, 1}, {2, 1}, {4, 7}}),
            "value |" + kRule + " count\n" +  //
                " <100 |" + bar(1, "1", 1) +  //
                "  100 |" + bar(0, "0", 1) +  //
                "  110 |" + bar(1, "1", 1) +  //
                "  120 |" + bar(0, "0", 1) +  //
                " >120 |" + bar(7, "7", 1) + "\n");
}

TEST(HistogramText, LinearOfWideLabels) {
  EXPECT_EQ(linear_table(99990, 100000, 5, {{2, 1}, {4, 1}}),
            "  value |" + kRule + " count\n" +  //
                "  99990 |" + bar(0, "0", 1) +  //
                "  99995 |" + bar(1, "1", 1) +  //
                " 100000 |" + bar(0, "0", 1) +  //
                ">100000 |" + bar(1, "1", 1) + "\n");
}

TEST(HistogramText, BucketCountsOfLinearHistograms) {
  EXPECT_EQ(linear_buckets(0, 100, 10), 13u);
  EXPECT_EQ(linear_buckets(0, 0, 1), 3u);
  EXPECT_EQ(linear_buckets(0, 125, 1), 128u);
  EXPECT_EQ(linear_buckets(0, 126, 1), 0u);
  EXPECT_EQ(linear_buckets(0, 10, 0), 0u);
  EXPECT_EQ(linear_buckets(10, 0, 1), 0u);
  EXPECT_EQ(linear_buckets(INT64_MIN, INT64_MAX, 1), 0u);
}

TEST(HistogramText, BucketValues) {
  HistogramShape log;
  EXPECT_EQ(bucket_value(log, 64), 0);
  EXPECT_EQ(bucket_value(log, 65), 1);
  EXPECT_EQ(bucket_value(log, 127), 1ll << 62);
  EXPECT_EQ(bucket_value(log, 63), -1);
  EXPECT_EQ(bucket_value(log, 0), INT64_MIN);
}

TEST(HistogramText, Malformed_ShapesGiveNothing) {
  std::string out;
  std::vector<uint64_t> two(2, 1);
  append_histogram(out, {true, 0, 1, 1, 2}, two);
  append_histogram(out, {true, 0, 1, 1, 5}, two);
  append_histogram(out, {}, two);
  EXPECT_EQ(out, "");
  std::vector<uint64_t> huge(4, UINT64_MAX);
  append_histogram(out, {true, INT64_MAX, INT64_MAX, INT64_MAX, 4}, huge);
  EXPECT_FALSE(out.empty());
}

}  // namespace
}  // namespace stapd
