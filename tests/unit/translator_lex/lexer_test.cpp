#include "translator/lex/lexer.h"

#include <gtest/gtest.h>

#include "translator/lex/number.h"
#include "translator/lex/preprocessor.h"

namespace stapd {
namespace {

class Lexing : public testing::Test {
 protected:
  const TokenBuffer& lex(std::string text, std::vector<std::string> arguments = {}) {
    arguments_ = ScriptArguments(std::move(arguments));
    LexOptions options;
    options.arguments = &arguments_;
    buffer_ = tokenize(files_, files_.add("t", std::move(text), SourceOrigin::user), options,
                       diagnostics_);
    return buffer_;
  }
  // The texts of the tokens, with a blank between.
  std::string texts(std::string text, std::vector<std::string> arguments = {}) {
    return joined(lex(std::move(text), std::move(arguments)));
  }
  std::string preprocessed(std::string text) {
    const TokenBuffer raw = lex(std::move(text));
    return joined(preprocess(files_, raw, {}, {}, diagnostics_));
  }
  static std::string joined(const TokenBuffer& buffer) {
    std::string all;
    for (const Token& token : buffer.tokens)
      if (!token.is(TokenKind::end)) all += (all.empty() ? "" : " ") + std::string(token.text);
    return all;
  }
  bool has(DiagnosticKind kind) const {
    for (const Diagnostic& d : diagnostics_.all())
      if (d.kind == kind) return true;
    return false;
  }

  SourceFiles files_;
  Diagnostics diagnostics_;
  ScriptArguments arguments_;
  TokenBuffer buffer_;
};

TEST_F(Lexing, LongestOperatorWins) { EXPECT_EQ(texts("a<<<b>>>=c"), "a <<< b >>> = c"); }

TEST_F(Lexing, PlacesAreLinesAndBytes) {
  const TokenBuffer& buffer = lex("a\n\t\xc3\xa9 b");
  const SourceLocation& b = buffer.tokens[3].where;
  EXPECT_EQ(b.line, 2u);
  EXPECT_EQ(b.column, 5u);
}

TEST_F(Lexing, GluedSaysThatNothingStandsBetween) {
  const TokenBuffer& buffer = lex("a* b/**/c");
  EXPECT_TRUE(buffer.tokens[1].glued);
  EXPECT_FALSE(buffer.tokens[2].glued);
  EXPECT_FALSE(buffer.tokens[3].glued);
}

TEST_F(Lexing, ArgumentsAreLexedWithWhatFollows) {
  EXPECT_EQ(texts("$1foo $2", {"ba", "a+b"}), "bafoo a + b");
  EXPECT_EQ(texts("x $1", {""}), "x");
  EXPECT_EQ(texts("$1", {"\"a b\""}), "a b");
}

TEST_F(Lexing, ArgumentsKnowWhetherTheyWereUsed) {
  lex("$2 @#", {"a", "b", "c"});
  EXPECT_EQ(arguments_.used, (std::vector<bool>{false, true, false}));
}

TEST_F(Lexing, Hostile_LongLiteralIsFine) {
  EXPECT_EQ(texts("\"" + std::string(8 << 20, 'x') + "\"").size(), size_t{8 << 20});
  EXPECT_FALSE(diagnostics_.has_errors());
}

TEST_F(Lexing, Hostile_TooLargeText) {
  lex(std::string(kMaxSourceBytes + 1, ' '));
  EXPECT_TRUE(has(DiagnosticKind::source_too_large));
}

TEST_F(Lexing, Hostile_TooManyTokens) {
  lex(std::string(kMaxTokens + 10, '('));
  EXPECT_TRUE(has(DiagnosticKind::too_many_tokens));
}

TEST_F(Lexing, Hostile_EveryByteIsSomeToken) {
  std::string text = "a ";
  for (int c = 0; c < 256; ++c)
    if (c != '"' && c != '#' && c != '%') text += static_cast<char>(c);
  lex(text);
  EXPECT_FALSE(diagnostics_.has_errors());
}

TEST_F(Lexing, Hostile_NulBytes) {
  EXPECT_EQ(lex(std::string("a\0b", 3)).tokens[1].kind, TokenKind::junk);
  lex(std::string("\"a\0b\"", 5));
  EXPECT_TRUE(has(DiagnosticKind::unterminated_string));
}

TEST_F(Lexing, Hostile_UnclosedComment) { EXPECT_EQ(texts("a /* b"), "a"); }

TEST_F(Lexing, Hostile_ExponentialMacros) {
  std::string text = "@define m0 %( x x %)\n";
  for (int i = 1; i < 40; ++i) text += fmt::format("@define m{0} %( @m{1} @m{1} %)\n", i, i - 1);
  preprocessed(text + "@m39");
  EXPECT_TRUE(has(DiagnosticKind::expansion_too_large));
}

TEST_F(Lexing, Hostile_MacrosThatExpandToNothing) {
  std::string text = "@define m0 %( %( 1 == 2 %? " + std::string(10000, '(') + " %) %)\n";
  for (int i = 1; i < 30; ++i) text += fmt::format("@define m{0} %( @m{1} @m{1} %)\n", i, i - 1);
  preprocessed(text + "@m29");
  EXPECT_TRUE(has(DiagnosticKind::expansion_too_large));
}

TEST_F(Lexing, Hostile_DeepConditionals) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "%( 1 == 1 %? ";
  preprocessed(text);
  EXPECT_TRUE(diagnostics_.has_errors());
}

TEST(Numbers, AsStrtoullReadsThem) {
  EXPECT_EQ(parse_number("0"), 0);
  EXPECT_EQ(parse_number("017"), 15);
  EXPECT_EQ(parse_number("0xfF"), 255);
  EXPECT_EQ(parse_number("18446744073709551615"), -1);
  for (const char* bad : {"", "08", "0x", "0xg", "12a", "18446744073709551616", "-1"})
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
}

TEST(Versions, DigitsCompareAsNumbers) {
  EXPECT_LT(compare_versions("6.9", "6.18"), 0);
  EXPECT_GT(compare_versions("6.18.4", "6.18"), 0);
  EXPECT_EQ(compare_versions("6.1", "6.1"), 0);
}

}  // namespace
}  // namespace stapd
