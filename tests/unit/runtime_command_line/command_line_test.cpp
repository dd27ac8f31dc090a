#include "runtime/command_line/command_line.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

using Argument = OptionSpec::Argument;

constexpr OptionSpec kSpecs[] = {{1, 'v', "verbose", Argument::none, "say more"},
                                 {2, 'o', "output", Argument::required, "where to"},
                                 {3, 0, "color", Argument::optional, "colours"},
                                 {4, 0, "colour-blind", Argument::none, "none"}};

// "ID=VALUE" of every option, then the operands, or the error.
std::string read(std::vector<std::string> words, AfterOperand rule = AfterOperand::options_too) {
  Result<CommandLine> line = parse_command_line(kSpecs, words, rule);
  if (!line) return line.error().message;
  std::string text;
  for (const GivenOption& option : line->options)
    text += fmt::format("{}={} ", option.spec->id, option.value);
  for (const std::string& operand : line->operands) text += operand + " ";
  return text;
}

TEST(CommandLine, LettersClusterAndTakeValues) {
  EXPECT_EQ(read({"-vvoout", "x"}), "1= 1= 2=out x ");
  EXPECT_EQ(read({"-vo", "out"}), "1= 2=out ");
  EXPECT_EQ(read({"-"}), "- ");
}

TEST(CommandLine, LongNamesMayBeCutShort) {
  EXPECT_EQ(read({"--output=a", "--output", "b", "--verb"}), "2=a 2=b 1= ");
  EXPECT_EQ(read({"--color", "x"}), "3= x ");
  EXPECT_EQ(read({"--color=always"}), "3=always ");
  EXPECT_EQ(read({"--colour"}), "4= ");
  EXPECT_EQ(read({"--colo"}), "option '--colo' is ambiguous");
}

TEST(CommandLine, WhatFollowsAnOperand) {
  EXPECT_EQ(read({"a", "-v", "b"}), "1= a b ");
  EXPECT_EQ(read({"-v", "a", "-v"}, AfterOperand::operands_only), "1= a -v ");
  EXPECT_EQ(read({"a", "--", "-v"}), "a -v ");
  EXPECT_EQ(read({"--", "-v"}, AfterOperand::operands_only), "-v ");
}

TEST(CommandLine, WrongWords) {
  EXPECT_EQ(read({"-x"}), "invalid option -- 'x'");
  EXPECT_EQ(read({"--nothing"}), "unrecognized option '--nothing'");
  EXPECT_EQ(read({"-o"}), "option '-o' requires an argument");
  EXPECT_EQ(read({"--verbose=2"}), "option '--verbose' takes no argument");
}

}  // namespace
}  // namespace stapd
