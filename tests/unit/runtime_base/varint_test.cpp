#include "runtime/base/varint.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

TEST(Varint, RoundTrip) {
  std::string bytes;
  const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, 1ull << 32, UINT64_MAX};
  for (uint64_t value : values) append_varint(bytes, value);
  VarintReader reader(bytes);
  for (uint64_t value : values) EXPECT_EQ(reader.get(), value);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.left(), 0u);
}

TEST(Varint, SmallNumbersOfBothSignsAreSmall) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{63}, int64_t{-64}, INT64_MIN, INT64_MAX}) {
    std::string bytes;
    append_svarint(bytes, value);
    EXPECT_EQ(VarintReader(bytes).get_signed(), value);
    EXPECT_EQ(bytes.size() == 1, value >= -64 && value <= 63);
  }
}

TEST(Varint, Strings) {
  std::string bytes;
  append_varint_string(bytes, "abc");
  append_varint_string(bytes, "");
  VarintReader reader(bytes);
  EXPECT_EQ(reader.get_string(), "abc");
  EXPECT_EQ(reader.get_string(), "");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.get_byte(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Varint, Malformed_NumbersEndTheReading) {
  auto bad = [](std::string_view bytes) {
    VarintReader reader(bytes);
    EXPECT_EQ(reader.get(), 0u);
    EXPECT_EQ(reader.get_string(), "");
    return !reader.ok();
  };
  EXPECT_TRUE(bad(""));
  EXPECT_TRUE(bad("\x80"));
  EXPECT_TRUE(bad(std::string(9, '\xff') + '\x02'));  // 65 bits
  EXPECT_TRUE(bad(std::string(11, '\xff')));
  VarintReader longer(
      "\x05"
      "abc");
  EXPECT_EQ(longer.get_string(), "");
  EXPECT_FALSE(longer.ok());
}

}  // namespace
}  // namespace stapd
