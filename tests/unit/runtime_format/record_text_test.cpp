#include "runtime/format/record_text.h"

#include <gtest/gtest.h>

#include "runtime/format/histogram_text.h"
#include "runtime/format/repeat_filter.h"
#include "runtime/format/time_text.h"
#include "runtime/format/value_text.h"
#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using Source = FormatPiece::Source;
using test::FormatBuilder;

std::string text_of(const RecordFormat& format, const std::vector<RecordValue>& values) {
  std::vector<RecordFormat> formats = {format};
  RecordFormatter formatter(formats);
  std::string bytes = test::record_bytes(format, 0, values);
  auto view = formatter.view_untrusted(bytes);
  if (!view) return "<no record>";
  std::string out = ">";
  formatter.append_text(out, *view);
  return out.substr(1);
}

TEST(RecordText, PlainPieces) {
  RecordFormat format = FormatBuilder()
                            .literal("pid ")
                            .natural(4)
                            .print(Conversion::decimal)
                            .literal(" (")
                            .chars(16)
                            .print(Conversion::string)
                            .literal(") opens ")
                            .text()
                            .print(Conversion::string)
                            .literal("\n")
                            .build();
  EXPECT_EQ(text_of(format, {RecordValue::of(4'000'000'000), RecordValue::of("cat"),
                             RecordValue::of("/etc/passwd")}),
            "pid 4000000000 (cat) opens /etc/passwd\n");
}

// Literals, numbers and texts of every length, one behind the other.
TEST(RecordText, PiecesOfEveryLength) {
  for (size_t length = 0; length < 600; ++length) {
    std::string literal(length, 'l'), text(600 - length, 't');
    RecordFormat format = FormatBuilder()
                              .literal(literal)
                              .integer()
                              .print(Conversion::decimal)
                              .chars(8)
                              .print(Conversion::string)
                              .text()
                              .print(Conversion::string)
                              .literal(literal)
                              .build();
    ASSERT_EQ(text_of(format, {RecordValue::of(INT64_MIN), RecordValue::of("12345678"),
                               RecordValue::of(text)}),
              literal + "-922337203685477580812345678" + text + literal);
  }
}

TEST(RecordText, EveryConversion) {
  RecordFormat format = FormatBuilder(false)
                            .integer()
                            .print(Conversion::decimal, FormatPiece::zero_pad, 5)
                            .print(Conversion::unsigned_decimal)
                            .literal(" ")
                            .print(Conversion::octal, FormatPiece::alternate)
                            .literal(" ")
                            .print(Conversion::hex)
                            .print(Conversion::hex_upper)
                            .print(Conversion::pointer)
                            .literal(" ")
                            .print(Conversion::character)
                            .print(Conversion::binary, 0, 1)
                            .text()
                            .print(Conversion::string, FormatPiece::left, 4, 2)
                            .literal("|")
                            .memory()
                            .print(Conversion::memory)
                            .print(Conversion::memory_hex)
                            .build();
  EXPECT_EQ(text_of(format, {RecordValue::of(75), RecordValue::of("xyz"), RecordValue::of("m1")}),
            "0007575 0113 4b4B0x4b KKxy  |m16d31");
}

TEST(RecordText, SizesAndValuesFromFieldsAndConstants) {
  RecordFormat format = FormatBuilder().integer().integer().text().build();
  FormatPiece piece;
  piece.conversion = Conversion::string;
  piece.width = {Source::Kind::field, 0, ""};
  piece.precision = {Source::Kind::field, 1, ""};
  piece.value = {Source::Kind::field, 2, ""};
  format.pieces.push_back(piece);
  auto with = [&](int64_t width, int64_t precision) {
    return text_of(format,
                   {RecordValue::of(width), RecordValue::of(precision), RecordValue::of("abcdef")});
  };
  EXPECT_EQ(with(5, 3), "  abc");
  EXPECT_EQ(with(-5, 3), "abc");  // SystemTap: no left adjustment by a negative width
  EXPECT_EQ(with(0, -1), "");

  FormatPiece literal;
  literal.conversion = Conversion::string;
  literal.width = {Source::Kind::constant, 4, ""};
  literal.value = {Source::Kind::literal, 0, "ok"};
  FormatPiece constant;
  constant.conversion = Conversion::decimal;
  constant.value = {Source::Kind::constant, -42, ""};
  RecordFormat fixed = FormatBuilder().build();
  fixed.pieces = {literal, constant};
  EXPECT_EQ(text_of(fixed, {}), "  ok-42");
}

TEST(RecordText, Histograms) {
  HistogramShape shape{true, 0, 20, 10, 5};
  RecordFormat format = FormatBuilder()
                            .literal("latency\n")
                            .buckets(shape)
                            .print(Conversion::histogram_linear)
                            .build();
  std::vector<uint64_t> buckets = {0, 3, 1, 0, 0};
  std::string table;
  append_histogram(table, shape, buckets);
  EXPECT_EQ(text_of(format, {RecordValue::of(buckets)}), "latency\n" + table);

  RecordFormat log =
      FormatBuilder().buckets({false, 0, 0, 0, 128}).print(Conversion::histogram_log).build();
  std::vector<uint64_t> wide(128, 100);  // longer than a print buffer
  EXPECT_GT(text_of(log, {RecordValue::of(wide)}).size(), size_t{kMaxPrintSize});
}

TEST(RecordText, OnePrintIsCutAtThePrintBuffer) {
  RecordFormat format = FormatBuilder()
                            .integer()
                            .print(Conversion::decimal, 0, 8000)
                            .print(Conversion::decimal, 0, 8000)
                            .build();
  std::string text = text_of(format, {RecordValue::of(7)});
  EXPECT_EQ(text.size(), size_t{kMaxPrintSize});
  EXPECT_EQ(text[7999], '7');
}

TEST(RecordText, ErrorsNameTheirPlace) {
  RecordFormat format =
      FormatBuilder().channel(RecordChannel::error).text().print(Conversion::string).build();
  EXPECT_EQ(text_of(format, {RecordValue::of("division by 0")}), "ERROR: division by 0\n");
  format.near = "near operator '/' at <input>:1:20";
  EXPECT_EQ(text_of(format, {RecordValue::of("division by 0")}),
            "ERROR: division by 0 near operator '/' at <input>:1:20\n");
}

TEST(RecordText, WarningsEndWithOneNewline) {
  RecordFormat format =
      FormatBuilder().channel(RecordChannel::warning).text().print(Conversion::string).build();
  EXPECT_EQ(text_of(format, {RecordValue::of("low memory")}), "WARNING: low memory\n");
  EXPECT_EQ(text_of(format, {RecordValue::of("low memory\n")}), "WARNING: low memory\n");
}

TEST(RecordText, CommandsHaveNoNewline) {
  RecordFormat format =
      FormatBuilder().channel(RecordChannel::system).text().print(Conversion::string).build();
  EXPECT_EQ(text_of(format, {RecordValue::of("echo hi")}), "echo hi");
}

TEST(RecordText, Malformed_RecordsAreNotViewed) {
  std::vector<RecordFormat> formats = {FormatBuilder().integer().build()};
  RecordFormatter formatter(formats);
  std::string bytes = test::record_bytes(formats[0], 0, {RecordValue::of(1)});
  EXPECT_TRUE(formatter.view_untrusted(bytes));
  EXPECT_FALSE(formatter.view_untrusted(bytes.substr(0, 16)));
  EXPECT_FALSE(formatter.view_untrusted(""));
  std::string unknown = test::record_bytes(formats[0], 1, {RecordValue::of(1)});
  EXPECT_FALSE(formatter.view_untrusted(unknown));
}

TEST(RepeatFilter, ShowsEachTextOnce) {
  RepeatFilter filter;
  EXPECT_TRUE(filter.is_new("a"));
  EXPECT_TRUE(filter.is_new("b"));
  EXPECT_FALSE(filter.is_new("a"));
  EXPECT_EQ(filter.suppressed(), 1u);
}

TEST(RepeatFilter, RemembersSoManyAndNoMore) {
  RepeatFilter filter;
  for (size_t i = 0; i < RepeatFilter::kMaxTexts; ++i)
    EXPECT_TRUE(filter.is_new(std::to_string(i)));
  EXPECT_TRUE(filter.is_new("late"));
  EXPECT_TRUE(filter.is_new("late"));
  EXPECT_FALSE(filter.is_new("0"));
}

constexpr uint64_t kTime = 1'795'000'000'000'000'005;

class Stamps : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "TEST-2", 1);  // two hours before UTC
    tzset();
  }
  std::string add(std::string_view text, uint64_t time, int32_t cpu) {
    std::string out;
    stamped_.append(out, text, {kTime, time, cpu});
    return out;
  }
  StampedText stamped_;
  const std::string kWhen = "2026-11-18 13:06:40.000000005 ";
};

TEST_F(Stamps, Rfc3339) {
  std::string out;
  append_rfc3339(out, kTime);
  EXPECT_EQ(out, "2026-11-18T11:06:40.000000005Z");
}

TEST_F(Stamps, EachRecordThatStartsALineHasOne) {
  EXPECT_EQ(add("one\n", 1, 3), kWhen + "[003] one\n");
  EXPECT_EQ(add("two\nthree\n", 2, 12), kWhen + "[012] two\nthree\n");
  EXPECT_EQ(add("four\n", 3, -1), kWhen + "[---] four\n");
  EXPECT_EQ(add("", 4, 0), "");
}

TEST_F(Stamps, AHandlerGoesOnInItsLineAndAnotherStartsItsOwn) {
  EXPECT_EQ(add("a=1", 1, 0), kWhen + "[000] a=1");
  EXPECT_EQ(add(" b=2\n", 1, 0), " b=2\n");
  EXPECT_EQ(add("open", 2, 0), kWhen + "[000] open");
  EXPECT_EQ(add("other\n", 2, 1), "\n" + kWhen + "[001] other\n");
}

}  // namespace
}  // namespace stapd
