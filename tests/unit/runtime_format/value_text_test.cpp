// One value under one directive. The expected texts are what SystemTap 4.8 prints.
#include "runtime/format/value_text.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
constexpr uint8_t kNone = 0, kZero = FormatPiece::zero_pad, kPlus = FormatPiece::plus,
                  kLeft = FormatPiece::left, kSpace = FormatPiece::space,
                  kAlternate = FormatPiece::alternate;

std::string number(int64_t value, Conversion base = Conversion::decimal, uint8_t flags = kNone,
                   int32_t width = -1, int32_t precision = -1) {
  std::string out = "[";
  append_number(out, value, base, flags, width, precision);
  return out + "]";
}

TEST(ValueText, Decimal) {
  EXPECT_EQ(number(0), "[0]");
  EXPECT_EQ(number(7), "[7]");
  EXPECT_EQ(number(-10), "[-10]");
  EXPECT_EQ(number(12345678901), "[12345678901]");
  EXPECT_EQ(number(INT64_MIN), "[-9223372036854775808]");
  EXPECT_EQ(number(-1, Conversion::unsigned_decimal), "[18446744073709551615]");
  for (int64_t value : {INT64_MIN, INT64_MAX, int64_t{0}, int64_t{-1}, int64_t{99}, int64_t{100}}) {
    std::string out;
    append_decimal(out, value);
    EXPECT_EQ(out, std::to_string(value));
  }
}

TEST(ValueText, WidthAndPrecision) {
  EXPECT_EQ(number(5, Conversion::decimal, kNone, 6), "[     5]");
  EXPECT_EQ(number(5, Conversion::decimal, kLeft, 6), "[5     ]");
  EXPECT_EQ(number(-5, Conversion::decimal, kZero, 6), "[-00005]");
  EXPECT_EQ(number(5, Conversion::decimal, kNone, 6, 3), "[   005]");
  EXPECT_EQ(number(5, Conversion::decimal, kZero, 6, 3), "[000005]");  // C: "   005"
  EXPECT_EQ(number(-5, Conversion::decimal, kLeft, 6, 3), "[-005  ]");
  EXPECT_EQ(number(0, Conversion::decimal, kNone, -1, 0), "[0]");  // C: ""
  EXPECT_EQ(number(123456, Conversion::decimal, kNone, 3, 2), "[123456]");
}

TEST(ValueText, Signs) {
  EXPECT_EQ(number(5, Conversion::decimal, kPlus, 6, 3), "[  +005]");
  EXPECT_EQ(number(5, Conversion::decimal, kSpace), "[ 5]");
  EXPECT_EQ(number(-5, Conversion::decimal, kSpace), "[-5]");
  EXPECT_EQ(number(5, Conversion::unsigned_decimal, kPlus), "[5]");
  EXPECT_EQ(number(5, Conversion::decimal, kAlternate), "[5]");
}

TEST(ValueText, OtherBases) {
  EXPECT_EQ(number(-5, Conversion::hex), "[fffffffffffffffb]");
  EXPECT_EQ(number(255, Conversion::hex_upper), "[FF]");
  EXPECT_EQ(number(255, Conversion::hex_upper, kAlternate), "[0XFF]");
  EXPECT_EQ(number(255, Conversion::hex, kAlternate, 8, 4), "[  0x00ff]");
  EXPECT_EQ(number(0, Conversion::hex, kAlternate), "[0x0]");   // C: "0"
  EXPECT_EQ(number(0, Conversion::octal, kAlternate), "[00]");  // C: "0"
  EXPECT_EQ(number(8, Conversion::octal, kAlternate), "[010]");
  EXPECT_EQ(number(255, Conversion::pointer), "[0xff]");
  EXPECT_EQ(number(255, Conversion::pointer, kNone, 8), "[    0xff]");
}

std::string fitted(std::string_view text, uint8_t flags = kNone, int32_t width = -1,
                   int32_t precision = -1) {
  std::string out = "[";
  append_string_fitted(out, text, flags, width, precision);
  return out + "]";
}

TEST(ValueText, Strings) {
  EXPECT_EQ(fitted("ab"), "[ab]");
  EXPECT_EQ(fitted("ab", kNone, 5), "[   ab]");
  EXPECT_EQ(fitted("ab", kLeft, 5), "[ab   ]");
  EXPECT_EQ(fitted("abcdef", kNone, 5, 3), "[  abc]");
  EXPECT_EQ(fitted("ab", kNone, -1, 0), "[]");
  EXPECT_EQ(fitted("ab", kZero, 5), std::string("[   ab\0]", 8));
}

TEST(ValueText, EscapedStrings) {
  EXPECT_EQ(fitted("a\n\t\x01\xc8", kAlternate), "[a\\n\\t\\001\\310]");
  EXPECT_EQ(fitted("it's \"x\\y\"", kAlternate), "[it's \"x\\y\"]");
  EXPECT_EQ(fitted("a\nb", kAlternate, 6, 2), "[   a\\n]");
}

std::string character(int64_t value, uint8_t flags = kNone, int32_t width = -1) {
  std::string out = "[";
  append_character(out, value, flags, width);
  return out + "]";
}

TEST(ValueText, Characters) {
  EXPECT_EQ(character('A'), "[A]");
  EXPECT_EQ(character('A' + 256), "[A]");
  EXPECT_EQ(character(0), std::string("[\0]", 3));
  EXPECT_EQ(character('A', kNone, 5), "[    A]");
  EXPECT_EQ(character('A', kZero, 5), "[    A]");
  EXPECT_EQ(character('A', kLeft, 5), "[A    ]");
  EXPECT_EQ(character('\n', kAlternate, 6), "[    \\n]");
  EXPECT_EQ(character(0, kAlternate), "[\\000]");
  EXPECT_EQ(character(9, kAlternate), "[\\t]");
  EXPECT_EQ(character(42, kAlternate), "[*]");
  EXPECT_EQ(character(200, kAlternate), "[\\310]");
  EXPECT_EQ(character('\'', kAlternate), "[\\']");
  EXPECT_EQ(character('\\', kAlternate), "[\\\\]");
  EXPECT_EQ(character('"', kAlternate), "[\"]");
}

std::string binary(int64_t value, int32_t width = -1, int32_t precision = -1,
                   uint8_t flags = kNone) {
  std::string out;
  append_binary(out, value, flags, width, precision);
  return out;
}

TEST(ValueText, Binary) {
  using namespace std::string_literals;
  EXPECT_EQ(binary(258), "\2\1\0\0\0\0\0\0"s);
  EXPECT_EQ(binary(258, 4), "\2\1\0\0"s);
  EXPECT_EQ(binary(258, 1), "\2"s);
  EXPECT_EQ(binary(258, 3), "\2\1\0\0\0\0\0\0"s);
  EXPECT_EQ(binary(258, 8, 2), "\0\0\0\0\0\0\2\1"s);
  EXPECT_EQ(binary(258, 8, 2, kLeft), "\2\1\0\0\0\0\0\0"s);
  EXPECT_EQ(binary(258, 2, 8), "\2\1\0\0\0\0\0\0"s);
  EXPECT_EQ(binary(-2, -1, 4), "\xfe\xff\xff\xff"s);
}

TEST(ValueText, Memory) {
  auto memory = [](std::string_view bytes, bool hex, uint8_t flags, int32_t width) {
    std::string out = "[";
    append_memory(out, bytes, hex, flags, width);
    return out + "]";
  };
  EXPECT_EQ(memory("ab", false, kNone, 5), "[   ab]");
  EXPECT_EQ(memory("ab", false, kLeft, 5), "[ab   ]");
  EXPECT_EQ(memory("ab", true, kNone, 7), "[   6162]");
  EXPECT_EQ(memory(std::string_view("a\0\xff", 3), true, kAlternate, 1), "[6100ff]");
}

TEST(ValueText, ComputedSizesAreClamped) {
  EXPECT_EQ(clamp_size(-1), 0);
  EXPECT_EQ(clamp_size(100), 100);
  EXPECT_EQ(clamp_size(1'000'000), kMaxPrintSize);
  EXPECT_EQ(clamp_size((1ll << 32) + 5), 5);  // an int in SystemTap
}

}  // namespace
}  // namespace stapd
