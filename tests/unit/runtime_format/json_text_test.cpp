#include "runtime/format/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using nlohmann::json;
using test::FormatBuilder;

std::string json_of(const RecordFormat& format, const std::vector<RecordValue>& values,
                    const JsonContext& context = {}) {
  std::vector<RecordFormat> formats = {format};
  RecordFormatter formatter(formats);
  std::string bytes = test::record_bytes(format, 0, values);
  std::string out;
  append_json(out, *formatter.view_untrusted(bytes), formatter, context);
  return out;
}

TEST(JsonText, OneObjectOneLine) {
  RecordFormat format = FormatBuilder()
                            .integer(4, "pid")
                            .print(Conversion::decimal)
                            .literal(" opens ")
                            .text("filename")
                            .print(Conversion::string)
                            .literal("\n")
                            .build();
  JsonContext context{{1'795'000'000'000'000'005, 1, 3}, "syscall.openat", "opens"};
  EXPECT_EQ(json_of(format, {RecordValue::of(42), RecordValue::of("/tmp/\"x\"")}, context),
            "{\"time\":1795000000000000005,\"at\":\"2026-11-18T11:06:40.000000005Z\",\"cpu\":3,"
            "\"session\":\"opens\",\"probe\":\"syscall.openat\",\"channel\":\"output\","
            "\"text\":\"42 opens /tmp/\\\"x\\\"\\n\","
            "\"fields\":{\"pid\":42,\"filename\":\"/tmp/\\\"x\\\"\"}}\n");
}

TEST(JsonText, FieldsWithoutANameOrWithATakenOneGoByPosition) {
  RecordFormat format =
      FormatBuilder().integer(8, "x").integer().integer(8, "x").natural(8, "y").build();
  json object = json::parse(json_of(format, std::vector<RecordValue>(4, RecordValue::of(-1))));
  EXPECT_EQ(object["fields"],
            (json{{"x", -1}, {"2", -1}, {"3", -1}, {"y", 18446744073709551615ull}}));
  EXPECT_FALSE(object.contains("raw"));
  EXPECT_FALSE(object.contains("truncated"));
}

TEST(JsonText, DaemonRecordsHaveNoCpu) {
  json object = json::parse(json_of(FormatBuilder().build(), {}, {{5, 5, -1}, "", ""}));
  EXPECT_TRUE(object["cpu"].is_null());
  EXPECT_FALSE(object.contains("probe"));
  EXPECT_FALSE(object.contains("session"));
}

TEST(JsonText, HistogramsMemoryAndTruncation) {
  RecordFormat format =
      FormatBuilder().buckets({true, 0, 1, 1, 4}).memory("bytes").text("long").build();
  std::vector<uint64_t> buckets = {1, 0, UINT64_MAX, 2};
  std::string text(10'000, 'x');
  json object = json::parse(json_of(
      format, {RecordValue::of(buckets), RecordValue::of("\x01\xff"), RecordValue::of(text)}));
  EXPECT_EQ(object["fields"]["1"], json(buckets));
  EXPECT_EQ(object["fields"]["bytes"], "01ff");
  EXPECT_EQ(object["truncated"], true);
}

TEST(JsonText, BytesThatAreNoUtf8AreReplacedAndKeptBesideIt) {
  RecordFormat format = FormatBuilder().text("name").print(Conversion::string).build();
  json object = json::parse(json_of(format, {RecordValue::of("caf\xe9")}));
  EXPECT_EQ(object["text"], "caf\xef\xbf\xbd");
  EXPECT_EQ(object["raw"]["text"], "Y2Fm6Q==");
  EXPECT_EQ(object["raw"]["fields"]["name"], "Y2Fm6Q==");
  json good = json::parse(json_of(format, {RecordValue::of("caf\xc3\xa9 \xf0\x9f\x98\x80")}));
  EXPECT_EQ(good["text"], "caf\xc3\xa9 \xf0\x9f\x98\x80");
  EXPECT_FALSE(good.contains("raw"));
}

TEST(JsonText, StringsThatLookLikeUtf8) {
  auto valid = [](std::string_view text) {
    std::string out;
    bool whole = append_json_string(out, text);
    EXPECT_NO_THROW(json::parse(out)) << out;
    return whole;
  };
  EXPECT_TRUE(valid(std::string_view("\0\x1f\x7f", 3)));
  EXPECT_TRUE(valid("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(valid("\xc0\x80"));          // overlong
  EXPECT_FALSE(valid("\xe0\x9f\xbf"));      // overlong
  EXPECT_FALSE(valid("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(valid("\xf4\x90\x80\x80"));  // beyond the last
  EXPECT_FALSE(valid("\xf0\x9f\x98"));      // cut
  EXPECT_FALSE(valid("\x80"));
}

TEST(JsonText, AnyBytesMakeValidJsonThatHoldsThem) {
  auto decode = [](const std::string& text) {
    static const std::string digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
      if (c == '=') break;
      bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
      if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8));
    }
    return bytes;
  };
  RecordFormat format = FormatBuilder().text("t").print(Conversion::string).build();
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    json object = json::parse(json_of(format, {RecordValue::of(bytes)}));
    std::string back =
        object.contains("raw") ? decode(object["raw"]["text"]) : object["text"].get<std::string>();
    ASSERT_EQ(back, bytes);
  }
}

}  // namespace
}  // namespace stapd
