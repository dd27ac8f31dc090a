#include "runtime/record/record_view.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/record/record_builder.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using test::FormatBuilder;

std::string record_of(const RecordFormat& format, std::vector<RecordValue> values,
                      uint64_t time = 77) {
  RecordSize size = measure_record(format, values);
  std::string bytes(size.length, '\xee');
  auto span = std::as_writable_bytes(std::span(bytes));
  uint64_t word =
      record_header(5, size.truncated ? kCommitted | kTruncated : kCommitted, size.length, 3);
  std::memcpy(span.data(), &word, sizeof word);
  fill_record(span, format, time, values);
  return bytes;
}

TEST(RecordView, ReadsBackWhatWasBuilt) {
  RecordFormat format = FormatBuilder()
                            .integer(1)
                            .natural(2)
                            .integer(4)
                            .natural(8)
                            .chars(16)
                            .text()
                            .memory()
                            .buckets({true, 0, 1, 1, 3})
                            .build();
  std::vector<uint64_t> buckets = {1, 2, 1ull << 63};
  std::string bytes =
      record_of(format, {RecordValue::of(-2), RecordValue::of(65535), RecordValue::of(-70000),
                         RecordValue::of(INT64_MIN), RecordValue::of("execname"),
                         RecordValue::of("nine chars"),
                         RecordValue::of(std::string_view("a\0b", 3)), RecordValue::of(buckets)});
  std::string longer = bytes + "more";
  auto view = RecordView::parse_untrusted(longer, format);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->bytes(), bytes);
  EXPECT_EQ(view->header().count, 5u);
  EXPECT_EQ(view->header().format, 3u);
  EXPECT_FALSE(view->truncated());
  EXPECT_EQ(view->time(), 77u);
  EXPECT_EQ(view->integer(0), -2);
  EXPECT_EQ(view->integer(1), 65535);
  EXPECT_EQ(view->integer(2), -70000);
  EXPECT_EQ(view->integer(3), INT64_MIN);
  EXPECT_EQ(view->string(4), "execname");
  EXPECT_EQ(view->string(5), "nine chars");
  EXPECT_EQ(view->string(6), std::string_view("a\0b", 3));
  ASSERT_EQ(view->bucket_count(7), 3u);
  EXPECT_EQ(view->bucket(7, 2), 1ull << 63);
}

TEST(RecordView, NarrowIntegersAreExtendedByTheirSign) {
  RecordFormat format =
      FormatBuilder(false).integer(1).natural(1).integer(2).natural(4).integer(4).build();
  std::vector<RecordValue> minus_one(5, RecordValue::of(-1));
  std::string bytes = record_of(format, minus_one);
  auto view = RecordView::parse_untrusted(bytes, format);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->time(), 0u);
  EXPECT_EQ(view->integer(0), -1);
  EXPECT_EQ(view->integer(1), 255);
  EXPECT_EQ(view->integer(2), -1);
  EXPECT_EQ(view->integer(3), 0xffffffff);
  EXPECT_EQ(view->integer(4), -1);
}

TEST(RecordView, CharsThatFillTheirArrayHaveNoZero) {
  RecordFormat format = FormatBuilder().chars(4).build();
  std::string bytes = record_of(format, {RecordValue::of("abcdefg")});
  EXPECT_EQ(RecordView::parse_untrusted(bytes, format)->string(0), "abcd");
}

TEST(RecordView, AccessorsOfWrongFieldsGiveNothing) {
  RecordFormat format = FormatBuilder().integer().text().build();
  std::string bytes = record_of(format, {RecordValue::of(1), RecordValue::of("x")});
  auto view = RecordView::parse_untrusted(bytes, format);
  EXPECT_EQ(view->string(0), "");
  EXPECT_EQ(view->integer(1), 0);
  EXPECT_EQ(view->integer(99), 0);
  EXPECT_EQ(view->string(99), "");
  EXPECT_EQ(view->bucket(0, 0), 0u);
}

TEST(RecordView, LongTextsAreCutTheLastFirst) {
  RecordFormat format = FormatBuilder().text().text().build();
  std::string a(5000, 'a'), b(5000, 'b');
  std::string bytes = record_of(format, {RecordValue::of(a), RecordValue::of(b)});
  EXPECT_EQ(bytes.size(), kMaxRecordSize);
  auto view = RecordView::parse_untrusted(bytes, format);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->truncated());
  EXPECT_EQ(view->string(0), a);
  EXPECT_EQ(view->string(1), b.substr(0, kMaxRecordSize - 24 - 5000));
}

TEST(RecordView, AcceptsTheUnitMoreThatAWrapOfTheCountAdds) {
  RecordFormat format = FormatBuilder().text().build();
  std::string bytes = record_of(format, {RecordValue::of("hello")}) + std::string(8, 'x');
  uint64_t word = record_header(0, kCommitted, static_cast<uint32_t>(bytes.size()), 0);
  std::memcpy(bytes.data(), &word, sizeof word);
  auto view = RecordView::parse_untrusted(bytes, format);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->string(0), "hello");
}

TEST(RecordView, Malformed_ShortBytesAreRefused) {
  RecordFormat format = FormatBuilder().integer().text().build();
  std::string bytes = record_of(format, {RecordValue::of(1), RecordValue::of("a longer text")});
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(RecordView::parse_untrusted(bytes.substr(0, size), format)) << size;
}

TEST(RecordView, Malformed_TextThatRunsOverTheRecordIsRefused) {
  RecordFormat format = FormatBuilder().text().text().build();
  std::string bytes = record_of(format, {RecordValue::of("12345678"), RecordValue::of("x")});
  for (uint16_t length : {17, 100, 65535}) {
    std::string wrong = bytes;
    std::memcpy(wrong.data() + 16, &length, sizeof length);
    EXPECT_FALSE(RecordView::parse_untrusted(wrong, format)) << length;
  }
}

TEST(RecordView, Malformed_FormatsAreRefused) {
  RecordFormat good = FormatBuilder().integer().text().build();
  EXPECT_TRUE(check_format(good));
  std::string bytes = record_of(good, {RecordValue::of(1), RecordValue::of("x")});
  auto expect_bad = [&](auto change) {
    RecordFormat bad = good;
    change(bad);
    EXPECT_FALSE(check_format(bad));
    EXPECT_FALSE(RecordView::parse_untrusted(bytes, bad));
  };
  expect_bad([](RecordFormat& f) { f.fields[0].offset = 28; });
  expect_bad([](RecordFormat& f) { f.fields[0].offset = 8; });  // the time
  expect_bad([](RecordFormat& f) { f.fields[0].size = 3; });
  expect_bad([](RecordFormat& f) { f.fixed_size = 31; });
  expect_bad([](RecordFormat& f) { f.fixed_size = 8; });
  expect_bad([](RecordFormat& f) { f.fields[1].kind = static_cast<RecordField::Kind>(99); });
  RecordFormat piece = good;
  piece.pieces.resize(1);
  piece.pieces[0].value = {FormatPiece::Source::Kind::field, 2, ""};
  EXPECT_FALSE(check_format(piece));
}

TEST(RecordView, Malformed_RandomBytesNeverReachOutside) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    RecordFormat format = FormatBuilder(round & 1).text().chars(5).memory().integer(4).build();
    if (round % 3 == 0) format.fields[random() % 4].offset = static_cast<uint16_t>(random());
    // An allocation of its own, so that the sanitizer sees every byte beyond it.
    std::vector<char> bytes(random() % 64);
    for (char& c : bytes) c = static_cast<char>(random() % 4 ? 0 : random());
    if (bytes.size() >= 8) bytes[4] = static_cast<char>(random() % 9);
    auto view = RecordView::parse_untrusted({bytes.data(), bytes.size()}, format);
    if (!view) continue;
    size_t sum = 0;
    for (size_t field = 0; field < 5; ++field)
      for (char c : view->string(field)) sum += static_cast<unsigned char>(c);
    EXPECT_GE(sum + static_cast<size_t>(view->time()), 0u);
  }
}

}  // namespace
}  // namespace stapd
