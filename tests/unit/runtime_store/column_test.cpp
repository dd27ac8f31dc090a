#include "runtime/store/column.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace stapd {
namespace {

using Values = std::vector<int64_t>;

std::string encoded(const Values& values) {
  BlockBody body;
  encode_integers(body, values);
  EXPECT_TRUE(std::is_sorted(body.cuts.begin(), body.cuts.end()));
  EXPECT_TRUE(body.cuts.empty() || body.cuts.back() <= body.bytes.size());
  return body.bytes;
}

// Encodes, decodes, compares; gives the size.
size_t round_trip(const Values& values) {
  std::string bytes = encoded(values);
  VarintReader in(bytes);
  Values back;
  EXPECT_TRUE(decode_integers(in, values.size(), back));
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(back, values);
  return bytes.size();
}

Values make(size_t count, auto value_at) {
  Values values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<int64_t>(value_at(i));
  return values;
}

TEST(IntegerColumn, RoundTripOfEverySizeAndKind) {
  std::mt19937_64 random(1);
  for (size_t count : {0, 1, 2, 3, 31, 32, 33, 255, 256, 257, 5000}) {
    round_trip(make(count, [](size_t) { return -5; }));
    round_trip(make(count, [](size_t i) { return i; }));
    round_trip(make(count, [](size_t i) { return -static_cast<int64_t>(i) * 1000; }));
    round_trip(make(count, [&](size_t) { return random(); }));
    round_trip(make(count, [&](size_t) { return random() % 7; }));
    round_trip(make(count, [&](size_t) { return random() >> random() % 64; }));
    round_trip(make(count, [&](size_t i) { return i % 2 ? INT64_MIN : INT64_MAX; }));
    round_trip(make(count, [&](size_t i) { return (1ull << 60) + i * 10'000 + random() % 900; }));
  }
}

TEST(IntegerColumn, EachKindTakesTheEncodingThatSuitsIt) {
  constexpr size_t kCount = 10'000;
  std::mt19937_64 random(1);
  EXPECT_LT(round_trip(make(kCount, [](size_t) { return INT64_MAX; })), 20u);
  // A few pids: a byte each.
  EXPECT_LT(round_trip(make(kCount, [&](size_t) { return 100'000 + random() % 200; })),
            kCount + 1000);
  // A clock: what the steps need.
  int64_t time = 1ll << 60;
  EXPECT_LT(round_trip(make(kCount, [&](size_t) { return time += random() % 10'000; })),
            2 * kCount + 100);
  // Addresses: their own bytes, not the ten of a varint.
  EXPECT_LT(round_trip(make(kCount, [&](size_t) { return random(); })), 8 * kCount + 100);
}

TEST(IntegerColumn, Malformed_BytesAreRefused) {
  Values back;
  auto refused = [&](std::string_view bytes, size_t count) {
    VarintReader in(bytes);
    return !decode_integers(in, count, back);
  };
  EXPECT_TRUE(refused("", 1));
  EXPECT_TRUE(refused("\x09", 1));                               // an unknown mode
  EXPECT_TRUE(refused("\x01\x02", 2));                           // too few varints
  EXPECT_TRUE(refused(std::string_view("\x03\x00\x00", 3), 1));  // an empty dictionary
  EXPECT_TRUE(refused("\x03\x01\x02\x01", 1));                   // an index outside it
  EXPECT_TRUE(refused(std::string_view("\x04\x00\x01", 3), 1));  // planes of no width
  EXPECT_TRUE(refused("\x04\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01", 1));
  EXPECT_TRUE(refused("\x01\x02", 1u << 30));  // a count that lies
  for (const Values& values : {make(50, [](size_t i) { return i * i; }),
                               make(50, [](size_t i) { return i % 3; }), Values{1, 5, 1000}}) {
    std::string bytes = encoded(values);
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_TRUE(refused(std::string_view(bytes).substr(0, size), values.size()));
  }
}

size_t round_trip(const std::vector<std::string>& texts) {
  StringColumn column;
  for (const std::string& text : texts) column.add(text);
  EXPECT_EQ(column.count(), texts.size());
  BlockBody body;
  column.encode(body);
  VarintReader in(body.bytes);
  DecodedStrings back;
  EXPECT_TRUE(decode_strings(in, texts.size(), back));
  EXPECT_EQ(in.left(), 0u);
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(back.at(i), texts[i]);
  return body.bytes.size();
}

TEST(StringColumn, RoundTrip) {
  round_trip(std::vector<std::string>{});
  round_trip({""});
  round_trip({"", "", ""});
  round_trip({"a", std::string("b\0c", 3), "a", std::string(5000, 'x')});
  std::vector<std::string> different, few;
  for (int i = 0; i < 1000; ++i) {
    different.push_back("/proc/" + std::to_string(i));
    few.push_back("cpu" + std::to_string(i % 3));
  }
  EXPECT_LT(round_trip(different), 1000u * 11);
  EXPECT_LT(round_trip(few), 1100u);
}

TEST(StringColumn, ClearForgets) {
  StringColumn column;
  column.add("old");
  column.clear();
  column.add("new");
  BlockBody body;
  column.encode(body);
  VarintReader in(body.bytes);
  DecodedStrings back;
  ASSERT_TRUE(decode_strings(in, 1, back));
  EXPECT_EQ(back.at(0), "new");
}

TEST(StringColumn, Malformed_BytesAreRefused) {
  DecodedStrings back;
  auto refused = [&](std::string_view bytes, size_t count) {
    VarintReader in(bytes);
    return !decode_strings(in, count, back);
  };
  EXPECT_TRUE(refused("", 1));
  EXPECT_TRUE(refused("\x07", 1));
  EXPECT_TRUE(refused(std::string_view("\x00\x00\x0a"
                                       "abc",
                                       6),
                      1));                                       // longer than there is
  EXPECT_TRUE(refused(std::string_view("\x00\x00\x01", 3), 1));  // a negative length
  EXPECT_TRUE(refused(std::string_view("\x01\x01\x01"
                                       "a\x00\x02",
                                       6),
                      2));  // index outside
  EXPECT_TRUE(
      refused("\x01\x7f\x01"
              "a",
              1));  // a table that lies
}

}  // namespace
}  // namespace stapd
