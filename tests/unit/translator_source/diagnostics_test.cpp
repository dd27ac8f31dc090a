#include "translator/source/diagnostics.h"

#include <gtest/gtest.h>

#include "translator/source/render_diagnostics.h"

namespace stapd {
namespace {

Place at(uint32_t line, uint32_t column, std::string token = "identifier 'x'") {
  return {{0, line, column}, std::move(token)};
}

TEST(Diagnostics, CountsErrorsButNotWarnings) {
  Diagnostics d;
  d.add(DiagnosticKind::unused_argument, {}, "w");
  EXPECT_FALSE(d.has_errors());
  d.add(DiagnosticKind::bad_number, at(1, 1), "e");
  EXPECT_EQ(d.errors(), 1u);
  EXPECT_EQ(d.all().size(), 2u);
}

TEST(Diagnostics, DropsWhatWasSaidAlready) {
  Diagnostics d;
  d.add(DiagnosticKind::bad_number, at(1, 1), "e");
  d.add(DiagnosticKind::bad_number, at(1, 1), "e");
  d.add(DiagnosticKind::bad_number, at(1, 2), "e");
  EXPECT_EQ(d.errors(), 2u);
}

TEST(Diagnostics, RewindTakesBack) {
  Diagnostics d;
  d.add(DiagnosticKind::bad_number, at(1, 1), "e");
  d.add(DiagnosticKind::bad_number, at(1, 2), "e");
  d.rewind(1);
  EXPECT_EQ(d.errors(), 1u);
  EXPECT_EQ(d.all().size(), 1u);
}

TEST(Diagnostics, KeepsNoMoreThanTheLimit) {
  Diagnostics d;
  for (uint32_t i = 0; i < Diagnostics::kMost + 5; ++i)
    d.add(DiagnosticKind::bad_number, at(i + 1, 1), "e");
  EXPECT_EQ(d.all().size(), Diagnostics::kMost);
  EXPECT_EQ(d.not_kept(), 5u);
  EXPECT_EQ(d.errors(), Diagnostics::kMost + 5);
}

class Rendering : public testing::Test {
 protected:
  std::string render(Diagnostic diagnostic, RenderOptions options = {}) {
    Diagnostics d;
    d.add(std::move(diagnostic));
    return render_diagnostics(d, files_, options);
  }
  SourceFiles files_;
  FileId file_ = files_.add("a.stp", "first\n\tx y\n", SourceOrigin::user);
};

TEST_F(Rendering, ParseErrorShowsLineAndCaret) {
  EXPECT_EQ(render({DiagnosticKind::expected_token,
                    "expected ')'",
                    at(2, 4),
                    Diagnostic::Relation::saw,
                    {},
                    "close it"}),
            "parse error: expected ')'\n"
            "        saw: identifier 'x' at a.stp:2:4\n"
            "     source: \tx y\n"
            "             \t  ^\n"
            "       hint: close it\n"
            "\n"
            "1 parse error.\n");
}

TEST_F(Rendering, WarningsCanBeTurnedOff) {
  const Diagnostic d{DiagnosticKind::unused_argument, "unused", {}, {}, {}, {}};
  EXPECT_EQ(render(d), "WARNING: unused\n");
  RenderOptions options;
  options.warnings = false;
  EXPECT_EQ(render(d, options), "");
}

TEST_F(Rendering, EndOfFileBehindTheLastLineHasNoSourceLine) {
  EXPECT_EQ(render({DiagnosticKind::expected_token, "m", at(9, 1), {}, {}, {}}),
            "parse error: m\n         at: identifier 'x' at a.stp:9:1\n\n1 parse error.\n");
}

TEST_F(Rendering, MacroUsesFollowThePlace) {
  const FileId expansion = files_.add_expansion(file_, "@m", {file_, 1, 3});
  EXPECT_EQ(
      render(
          {DiagnosticKind::expected_token, "m", {{expansion, 2, 2}, "identifier 'x'"}, {}, {}, {}}),
      "parse error: m\n"
      "         at: identifier 'x' at a.stp:2:2\n"
      "     source: \tx y\n"
      "             \t^\n"
      "\tin expansion of macro: operator '@m' at a.stp:1:3\n"
      "     source: first\n"
      "               ^\n"
      "\n"
      "1 parse error.\n");
}

TEST_F(Rendering, ColorOnlyWhenAskedFor) {
  const Diagnostic d{DiagnosticKind::expected_token, "m", at(1, 1), {}, {}, {}};
  EXPECT_EQ(render(d).find('\033'), std::string::npos);
  RenderOptions options;
  options.color = true;
  EXPECT_NE(render(d, options).find("\033[01;31mparse error:"), std::string::npos);
}

TEST_F(Rendering, ControlBytesOfTheScriptStayInside) {
  const FileId evil = files_.add("b", "a\033[31mb", SourceOrigin::user);
  const std::string text =
      render({DiagnosticKind::expected_token, "m", {{evil, 1, 1}, "t"}, {}, {}, {}});
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(text.find("a?[31mb"), std::string::npos);
}

}  // namespace
}  // namespace stapd
