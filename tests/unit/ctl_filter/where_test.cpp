// --where: what it lets through, and what it says of expressions that are wrong.
#include <gtest/gtest.h>

#include "ctl/filter/parse_where.h"
#include "ctl/filter/where_filter.h"
#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"

namespace stapd::ctl {
namespace {

using test::FormatBuilder;

RecordingInfo sample() {
  RecordingInfo info;
  info.session = "web";
  info.segments = 3;
  info.probes = {{"kernel.trace(\"sched_switch\")", "scheduler.switch"}, {"begin", "begin"}};
  info.formats = {FormatBuilder()
                      .integer(8, "pid")
                      .chars(16, "execname")
                      .text("file")
                      .literal("opened ")
                      .print(FormatPiece::Conversion::string)
                      .literal("\n")
                      .build(),
                  FormatBuilder().natural(8, "bytes").text("pid").build(),
                  FormatBuilder().channel(RecordChannel::error).text("").build()};
  info.formats[1].probe = 1;
  info.formats[2].probe = kNoProbe;
  return info;
}

class Where : public testing::Test {
 protected:
  static RecordValue value(int64_t number) { return RecordValue::of(number); }
  static RecordValue value(std::string_view text) { return RecordValue::of(text); }

  bool matches(const std::string& text, uint16_t format, std::vector<RecordValue> values,
               uint32_t segment = 1) {
    auto expr = parse_where(text);
    if (!expr) {
      ADD_FAILURE() << where_error_text(text, expr.error());
      return false;
    }
    auto filter = WhereFilter::compile(*expr);
    if (!filter) {
      ADD_FAILURE() << where_error_text(text, filter.error());
      return false;
    }
    std::string bytes = test::record_bytes(schema_.info.formats[format], format, values, 77);
    RecordedRecord record;
    record.record = {bytes, segment, 1, 77};
    record.schema = &schema_;
    return filter->matches(record, *schema_.formatter.view_untrusted(bytes));
  }
  // Of pid 42, "sshd", "/etc/motd", on CPU 1.
  bool opened(const std::string& text) {
    return matches(text, 0, {value(42), value("sshd"), value("/etc/motd")});
  }
  // The first error of parsing, compiling and checking.
  std::string error(const std::string& text) {
    auto shown = [&](const WhereError& wrong) { return where_error_text(text, wrong); };
    auto expr = parse_where(text);
    if (!expr) return shown(expr.error());
    auto filter = WhereFilter::compile(*expr);
    if (!filter) return shown(filter.error());
    const ReadSchema* schemas[] = {&schema_};
    auto checked = filter->check(schemas);
    return checked ? "" : shown(checked.error());
  }
  static size_t caret(const std::string& text) { return text.size() - text.rfind('\n') - 4; }

  ReadSchema schema_{sample()};
};

TEST_F(Where, Numbers) {
  for (const char* text : {"pid == 42", "pid = 42", "pid != 41", "pid < 43", "pid <= 42",
                           "pid > -1", "pid >= 0x2a", "pid==42", "cpu == 1", "cpu < 2"})
    EXPECT_TRUE(opened(text)) << text;
  for (const char* text :
       {"pid == 41", "pid != 42", "pid < 42", "pid <= 41", "pid > 42", "cpu != 1"})
    EXPECT_FALSE(opened(text)) << text;
  EXPECT_TRUE(matches("bytes == -1", 1, {value(-1), value("")}));
}

TEST_F(Where, Strings) {
  for (const char* text :
       {"execname == \"sshd\"", "comm == sshd", "comm = 'sshd'", "comm != bash", "comm < tar",
        "comm =~ \"^ssh\"", "comm !~ \"^h\"", "file =~ \"/(motd|passwd)$\"", "file == /etc/motd",
        "text == \"opened /etc/motd\"", "text =~ \"^opened\"", "session == web",
        "channel == output", "pid =~ x or comm == sshd"})
    EXPECT_TRUE(opened(text)) << text;
  for (const char* text :
       {"comm == \"ssh\"", "comm =~ \"d.\"", "comm =~ \"^hd\"", "text =~ motd.", "file !~ etc"})
    EXPECT_FALSE(opened(text)) << text;
}

TEST_F(Where, QuotesInStrings) {
  EXPECT_TRUE(matches("file == \"a\\\"b\"", 0, {value(1), value("x"), value("a\"b")}));
  EXPECT_TRUE(matches("file =~ \"^a\\.b$\"", 0, {value(1), value("x"), value("a.b")}));
  EXPECT_FALSE(matches("file =~ \"^a\\.b$\"", 0, {value(1), value("x"), value("axb")}));
}

TEST_F(Where, TheProbeHasTwoNames) {
  EXPECT_TRUE(opened("probe == scheduler.switch"));
  EXPECT_TRUE(opened("probe == 'kernel.trace(\"sched_switch\")'"));
  EXPECT_TRUE(opened("probe =~ sched_switch"));
  EXPECT_FALSE(opened("probe != scheduler.switch"));
  EXPECT_FALSE(opened("probe !~ scheduler"));
  EXPECT_TRUE(opened("probe != begin"));
  EXPECT_FALSE(matches("probe =~ \"\"", 2, {value("x")}));
}

TEST_F(Where, AndOrNot) {
  for (const char* text :
       {"pid == 42 and comm == sshd", "pid == 1 or comm == sshd", "not pid == 1", "!pid == 1",
        "pid == 1 and comm == x or cpu == 1", "cpu == 1 || pid == 1 && comm == x",
        "pid == 42 and not (comm == x or file == y)", "not not pid == 42", "((pid == 42))"})
    EXPECT_TRUE(opened(text)) << text;
  for (const char* text : {"pid == 42 && comm == x", "pid == 1 || comm == x", "not pid == 42",
                           "(cpu == 1 or pid == 1) and comm == x"})
    EXPECT_FALSE(opened(text)) << text;
}

TEST_F(Where, ARecordThatLacksTheValueFailsTheTest) {
  std::vector<RecordValue> values = {value(7), value("text")};
  EXPECT_FALSE(matches("comm == sshd", 1, values));
  EXPECT_FALSE(matches("comm != sshd", 1, values));
  EXPECT_TRUE(matches("not comm == sshd", 1, values));
  // The same name, another kind.
  EXPECT_FALSE(matches("pid == 42", 1, values));
  EXPECT_TRUE(matches("pid == text", 1, values));
}

TEST_F(Where, TheDaemonIsCpuMinusOne) {
  EXPECT_TRUE(matches("cpu == -1", 1, {value(7), value("")}, 2));
  EXPECT_FALSE(matches("cpu == 2", 1, {value(7), value("")}, 2));
}

TEST_F(Where, ErrorsHaveTheirPlace) {
  struct Case {
    const char *text, *message;
    size_t position;
  };
  for (const Case& c :
       std::vector<Case>{{"", "expected a name, as pid or comm, not the end", 0},
                         {"pid", "behind 'pid', not the end", 3},
                         {"pid 42", "behind 'pid', not '42'", 4},
                         {"pid ==", "expected a number or a string, not the end", 6},
                         {"pid == 42 comm == x", "expected 'and' or 'or' before 'comm'", 10},
                         {"(pid == 42", "expected ')' before the end", 10},
                         {"pid == 42)", "expected 'and' or 'or' before ')'", 9},
                         {"pid == 42 and", "expected a name", 13},
                         {"42 == pid", "expected a name, as pid or comm, not '42'", 0},
                         {"comm == \"ssh", "this string has no end", 8},
                         {"pid == 4%2", "'%' has no meaning here", 8},
                         {"comm =~ \"a(b\"", "without", 10},
                         {"cpu =~ x", "cpu is a number", 7},
                         {"cpu == x", "cpu is a number", 7},
                         {"text == 5", "text is a text: write the value in \"\"", 8},
                         {"comm == 5", "comm is text", 8},
                         {"bytes == x", "bytes is a number", 9},
                         {"cpu == 1 and uid == 5",
                          "no record carries uid: the script does not print it; there are "
                          "bytes, channel, cpu, execname, file, pid, probe, session, text",
                          13}}) {
    std::string text = error(c.text);
    EXPECT_NE(text.find(c.message), std::string::npos) << c.text << "\n" << text;
    EXPECT_NE(text, "") << c.text;
    EXPECT_EQ(caret(text), c.position) << text;
  }
}

TEST_F(Where, HostileTexts) {
  std::string deep(100'000, '(');
  EXPECT_NE(error(deep).find("nested too deep"), std::string::npos);
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_NE(error(nots).find("nested too deep"), std::string::npos);
  EXPECT_NE(error("pid == 99999999999999999999").find("too large"), std::string::npos);
  EXPECT_NE(error(std::string("\0\xff", 2)), "");
  EXPECT_EQ(error("comm == x\x01").find('\x01'), std::string::npos);
}

}  // namespace
}  // namespace stapd::ctl
