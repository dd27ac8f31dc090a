#include <gtest/gtest.h>

#include "translator/ast/ast_printer.h"
#include "translator/ast/walk.h"
#include "translator/parse/parse_file.h"

namespace stapd {
namespace {

class Parsing : public testing::Test {
 protected:
  std::optional<ast::Script> parse(std::string text) {
    ParseFileOptions options;
    options.facts = &facts_;
    return parse_file(files_, files_.add("t", std::move(text), SourceOrigin::user), options,
                      diagnostics_);
  }
  // The expression of `probe begin { TEXT }`, as it was understood.
  std::string expr(const std::string& text) {
    const auto script = parse("probe begin { " + text + " }");
    if (!script || script->probes[0]->body->body.size() != 1) return "wrong";
    return ast::print_stmt(*script->probes[0]->body->body[0]);
  }
  bool fails(DiagnosticKind kind, std::string text) {
    diagnostics_.rewind(0);
    if (parse(std::move(text))) return false;
    for (const Diagnostic& d : diagnostics_.all())
      if (d.kind == kind) return true;
    return false;
  }

  SourceFiles files_;
  ScriptFacts facts_;
  Diagnostics diagnostics_;
};

TEST_F(Parsing, ConcatenationBindsBetweenPlusAndShift) {
  EXPECT_EQ(expr("a << b . c + d"), "(a) << ((b) . ((c) + (d)))");
}
TEST_F(Parsing, InBindsLooserThanComparison) {
  EXPECT_EQ(expr("a == b in c & d"), "([(a) == (b)] in c) & (d)");
}
TEST_F(Parsing, AssignmentIsRightAssociative) {
  EXPECT_EQ(expr("a = b += c"), "(a) = ((b) += (c))");
}
TEST_F(Parsing, TernaryEndsBeforeAssignment) {
  EXPECT_EQ(expr("a ? b : c = 3"), "((a)?(b):(c)) = (3)");
}
TEST_F(Parsing, PlusPlusOnTheNextLineBelongsToThisOne) {
  const auto script = parse("probe begin { a\n++b }");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->probes[0]->body->body.size(), 2u);
}

TEST_F(Parsing, EveryFaultyDeclarationIsReported) {
  parse("probe begin { a = ; } global b[0] function f(c { } probe end {}");
  EXPECT_EQ(diagnostics_.errors(), 3u);
}

TEST_F(Parsing, StringBytes) {
  EXPECT_EQ(ast::decode_string(R"(a\tb\101\x42\\)"), "a\tbAB\\");
  EXPECT_EQ(ast::decode_string(R"(a\0b)"), "a");
}

TEST_F(Parsing, Hostile_DeepParentheses) {
  EXPECT_TRUE(
      fails(DiagnosticKind::nested_too_deep, "probe begin { a = " + std::string(100'000, '(')));
}
TEST_F(Parsing, Hostile_DeepUnary) {
  EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep,
                    "probe begin { a = " + std::string(1'000'000, '!') + "1 }"));
}
TEST_F(Parsing, Hostile_DeepBlocks) {
  EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep, "probe begin " + std::string(500'000, '{')));
}
TEST_F(Parsing, Hostile_DeepBraces) {
  EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep, "probe " + std::string(500'000, '{')));
}
TEST_F(Parsing, Hostile_DeepTernaryAndAssignment) {
  std::string ternary, assignment, index;
  for (int i = 0; i < 200'000; ++i) {
    ternary += "a?b:";
    assignment += "a=";
    index += "a[";
  }
  for (const std::string& text : {ternary, assignment, index})
    EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep, "probe begin { " + text + "1 }"));
}
TEST_F(Parsing, Hostile_ElseIfChain) {
  std::string text = "probe begin { ";
  for (int i = 0; i < 100'000; ++i) text += "if (a) b else ";
  EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep, text + "c }"));
}
TEST_F(Parsing, Hostile_LongChain) {
  std::string text = "probe begin { a = 1";
  for (int i = 0; i < 100'000; ++i) text += " + 1";
  EXPECT_TRUE(fails(DiagnosticKind::nested_too_deep, text + " }"));
}
TEST_F(Parsing, LongListsAreFine) {
  std::string text = "probe begin { f(1";
  for (int i = 0; i < 100'000; ++i) text += ", 1";
  EXPECT_TRUE(parse(text + ") }"));
}
TEST_F(Parsing, DeepestAllowedTreeCanBeWalked) {
  std::string text = "probe begin { a = 1";
  for (size_t i = 0; i + 2 < kMaxOperatorChain; ++i) text += " + 1";
  const auto script = parse(text + " }");
  ASSERT_TRUE(script);
  size_t nodes = 0;
  ast::walk(*script->probes[0]->body, [&](const ast::Expr&) { ++nodes; });
  EXPECT_GT(nodes, kMaxOperatorChain);
  EXPECT_GT(ast::print_script(*script, "t").size(), kMaxOperatorChain);
}

}  // namespace
}  // namespace stapd
