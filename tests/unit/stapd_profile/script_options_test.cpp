// SystemTap's NAME.options: which option becomes what, and what is said about the others.
#include "stapd/profile/script_options.h"

#include <gtest/gtest.h>

#include "stapd/profile/environment_text.h"

namespace stapd {
namespace {

// ---- NAME=VALUE as systemd reads it -----------------------------------------------------------

std::string value_of(const std::string& text) {
  auto found = parse_environment_untrusted(text, "x.options");
  return found && found->size() == 1 ? found->front().value : "none";
}

TEST(Environment, ValuesAndQuotes) {
  EXPECT_EQ(value_of("A=plain -D X=1"), "plain -D X=1");
  EXPECT_EQ(value_of("  A = spaces around \t\r\n"), "spaces around");
  EXPECT_EQ(value_of("A=\"in quotes  \""), "in quotes  ");
  EXPECT_EQ(value_of("A=\"a \\\"b\\\" \\\\ \\n\""), "a \"b\" \\ \\n");
  EXPECT_EQ(value_of("A='as \\\" it is'"), "as \\\" it is");
  EXPECT_EQ(value_of("A="), "");
  EXPECT_EQ(value_of("# A=1\n; B=2\n\nC=3\n"), "3");
}

TEST(Environment, LinesGoOnAndAreCounted) {
  auto found = parse_environment_untrusted("A=one \\\n two\n\nB=3\\", "x.options");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].value, "one  two");
  EXPECT_EQ((*found)[0].place(), "x.options:1");
  EXPECT_EQ((*found)[1].value, "3");
  EXPECT_EQ((*found)[1].place(), "x.options:4");
}

TEST(Environment, WhatIsNoneIsRefusedWithItsPlace) {
  const std::pair<std::string, const char*> wrong[] = {
      {"A=1\nB\n", "x.options:2: neither NAME=value"},
      {"1A=1", "x.options:1: neither"},
      {"=1", "x.options:1: neither"},
      {"A=\"open\n", "x.options:1: a \" is not closed"},
      {"A='a' b", "x.options:1: ' b' behind"},
      {std::string("A=\0", 3), "not a text file"}};
  for (const auto& [text, message] : wrong) {
    auto found = parse_environment_untrusted(text, "x.options");
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
  }
}

// ---- options ----------------------------------------------------------------------------------

Profile applied(const std::string& text) {
  Profile profile;
  Status status = apply_options_untrusted(text, "x.options", profile);
  EXPECT_TRUE(status) << status.error().message;
  return profile;
}

std::string error_of(const std::string& text) {
  Profile profile;
  Status status = apply_options_untrusted(text, "x.options", profile);
  return status ? "" : status.error().message;
}

TEST(ScriptOptions, ThoseOfCompiling) {
  Profile profile = applied(
      "STAP_OPTIONS=\"-guw -W -DMAXACTION=7 -D FLAG -G n=5 -G 's=a b' -I /tapsets "
      "--skip-badvars --suppress-handler-errors --suppress-time-limits --compatible=4.8 "
      "--privilege=stapsys --no-global-var-display --runtime=bpf\"\n");
  const ScriptOptions& options = profile.options;
  EXPECT_TRUE(options.guru && options.unoptimized && options.suppress_warnings &&
              options.warnings_are_errors && options.skip_badvars &&
              options.suppress_handler_errors && options.suppress_time_limits);
  EXPECT_FALSE(options.show_globals_at_end);
  EXPECT_EQ(options.macros.at("MAXACTION"), "7");
  EXPECT_EQ(options.macros.at("FLAG"), "1");
  EXPECT_EQ(options.globals.at("n"), "5");
  EXPECT_EQ(options.globals.at("s"), "a b");
  EXPECT_EQ(options.tapset_paths, std::vector<std::string>{"/tapsets"});
  EXPECT_EQ(options.compatible, "4.8");
  EXPECT_EQ(options.privilege, "stapsys");
  EXPECT_TRUE(profile.warnings.empty());
}

TEST(ScriptOptions, ThoseOfTheSession) {
  EXPECT_EQ(applied("STAP_OPTIONS=-s4 -x 12").ring_bytes, 4u << 20);
  EXPECT_EQ(applied("STAP_OPTIONS=-s4 -x 12").target_pid, 12u);
  EXPECT_EQ(applied("STAPRUN_OPTIONS=-b 2").ring_bytes, 2u << 20);
  EXPECT_EQ(applied("STAPRUN_OPTIONS=n=5 m=6").options.globals.at("m"), "6");
  Profile rounded = applied("STAP_OPTIONS=-s 3");
  EXPECT_EQ(rounded.ring_bytes, 4u << 20);
  ASSERT_EQ(rounded.warnings.size(), 1u);
  EXPECT_NE(rounded.warnings[0].find("x.options:1: Size=3M: rounded up"), std::string::npos);
}

TEST(ScriptOptions, Files) {
  FileSettings files = applied("STAP_OPTIONS='-F -o /var/log/x-%H.log -S 10,3'").files;
  EXPECT_EQ(files.path, "/var/log/x-%H.log");
  EXPECT_EQ(files.format, FileSettings::Format::text);
  EXPECT_EQ(files.size, 10u << 20);
  EXPECT_EQ(files.count, 3u);
  files = applied("STAPRUN_OPTIONS=-o /var/log/x -S2").files;
  EXPECT_EQ(files.size, 2u << 20);
  EXPECT_EQ(files.count, 0u) << "all";
  EXPECT_FALSE(applied("STAP_OPTIONS=-s 2").has_files());
  EXPECT_NE(error_of("STAP_OPTIONS=-o here").find("x.options:1: Path=here: "), std::string::npos);
  EXPECT_NE(error_of("STAP_OPTIONS='-o /x -S many'").find("x.options:1: Size=manyM: "),
            std::string::npos);
}

TEST(ScriptOptions, ThoseWithNothingToDoAreSaid) {
  Profile profile = applied("STAP_OPTIONS=-F -k -v -m name\nSTAPRUN_OPTIONS=-L -T 100\n");
  ASSERT_EQ(profile.warnings.size(), 6u);
  EXPECT_EQ(profile.warnings[0],
            "x.options:1: option '-F' does nothing: it is what a session does");
  EXPECT_EQ(profile.warnings[5], "x.options:2: option '-T' does nothing: nobody polls");
}

TEST(ScriptOptions, AnUnknownVariableIsWhatAnUnknownKeyIs) {
  Profile profile = applied("STAP_OPTONS=-g\n");
  EXPECT_FALSE(profile.options.guru);
  ASSERT_EQ(profile.unknown_keys.size(), 1u);
  EXPECT_EQ(profile.unknown_keys[0], "x.options:1: unknown variable 'STAP_OPTONS'");
}

TEST(ScriptOptions, WhatASessionCannotDoIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> wrong[] = {
      {"\nSTAP_OPTIONS=-c ls", "x.options:2: option '-c' is nothing for a session"},
      {"STAP_OPTIONS=-T 5", "option '-T' is nothing for a session"},
      {"STAP_OPTIONS=-e x", "the script is NAME.stp"},
      {"STAP_OPTIONS=--monitor", "x.options:1"},
      {"STAP_OPTIONS=-s", "x.options:1"},
      {"STAP_OPTIONS=-s many", "x.options:1: Size=manyM"},
      {"STAP_OPTIONS=-s 4000", "x.options:1: Size=4000M: a ring has from"},
      {"STAP_OPTIONS=-G n", "x.options:1: -G n: wants NAME=VALUE"},
      {"STAP_OPTIONS=-I tapsets", "wants an absolute path"},
      {"STAP_OPTIONS=--privilege=king", "none of stapusr"},
      {"STAP_OPTIONS=--runtime=kernel", "bpf is the only one"},
      {"STAP_OPTIONS=other.stp", "x.options:1: 'other.stp': no option"},
      {"STAP_OPTIONS=-G \"n=1", "a \" is not closed"},
      {"STAPRUN_OPTIONS=-A", "stapctl attach"},
      {"STAPRUN_OPTIONS=module", "'module': wants NAME=VALUE"},
      {"STAP_OPTIONS=--suppress-time-limits", "requires guru mode"}};
  for (const auto& [text, message] : wrong)
    EXPECT_NE(error_of(text).find(message), std::string::npos) << text << ": " << error_of(text);
}

TEST(ScriptOptions, ChangeTheFingerprint) {
  Profile plain, with;
  plain.script_path = with.script_path = STAPD_SOURCE_DIR "/README.md";
  EXPECT_EQ(fingerprint_of(plain), fingerprint_of(with));
  with.options.globals["n"] = "5";
  EXPECT_NE(fingerprint_of(plain), fingerprint_of(with));
  with.options.globals.clear();
  with.options.guru = true;
  EXPECT_NE(fingerprint_of(plain), fingerprint_of(with));
}

}  // namespace
}  // namespace stapd
