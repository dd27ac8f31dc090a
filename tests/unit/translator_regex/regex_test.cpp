// Automata against POSIX: by the words of the standard, and the C library's regexec().
#include <gtest/gtest.h>
#include <regex.h>

#include <random>

#include "tests/support/posix_reference.h"
#include "translator/regex/automaton.h"
#include "translator/regex/parse_regex.h"

namespace stapd::regex {
namespace {

Automaton compiled(const std::string& text, Wanted wanted) {
  std::variant<Automaton, RegexError> made = compile_regex(text, wanted);
  if (const RegexError* error = std::get_if<RegexError>(&made))
    ADD_FAILURE() << text << ": " << error->message;
  return std::holds_alternative<Automaton>(made) ? std::get<Automaton>(made) : Automaton{};
}

std::string error_of(const std::string& text) {
  std::variant<Automaton, RegexError> made = compile_regex(text, Wanted::groups);
  const RegexError* error = std::get_if<RegexError>(&made);
  return error ? std::to_string(error->position) + " " + error->message : "none";
}

bool test(const Automaton& automaton, const std::string& text) {
  uint32_t state = automaton.start;
  for (size_t i = 0; i <= text.size() && state != kMatched; ++i) {
    const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    state = automaton.states[state][automaton.class_of[byte]].to;
  }
  return state == kMatched;
}

std::vector<Span> groups(const Automaton& automaton, const std::string& text) {
  std::vector<int> registers(256, -1);
  uint32_t state = automaton.start;
  for (size_t i = 0; i <= text.size(); ++i) {
    const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    const Transition& taken = automaton.states[state][automaton.class_of[byte]];
    for (const Move& move : taken.moves)
      registers[move.to] = move.from == kPosition ? static_cast<int>(i) : registers[move.from];
    state = taken.to;
  }
  std::vector<Span> out;
  for (uint32_t g = 0; g < automaton.groups && registers[0] >= 0; ++g)
    out.emplace_back(registers[2 * g], registers[2 * g + 1]);
  return out;
}

std::string text_of(const std::vector<Span>& spans) {
  std::string out;
  for (const Span& span : spans)
    out += span.first < 0 ? "- "
                          : std::to_string(span.first) + ":" + std::to_string(span.second) + " ";
  return out;
}

std::string groups_of(const std::string& regex, const std::string& text) {
  return text_of(groups(compiled(regex, Wanted::groups), text));
}

TEST(Regex, Leftmost_and_longest) {
  EXPECT_EQ(groups_of("b|abcd", "xabcd"), "1:5 ");
  EXPECT_EQ(groups_of("a|ab|abc", "xabcd"), "1:4 ");
  EXPECT_EQ(groups_of("x*", "aax"), "0:0 ");
  EXPECT_EQ(groups_of("c", "ab"), "");
}

TEST(Regex, Groups_are_as_long_as_they_can_be_from_the_left) {
  EXPECT_EQ(groups_of("(a|ab)(c|bcd)(d*)", "abcd"), "0:4 0:2 2:3 3:4 ");
  EXPECT_EQ(groups_of("(a*)(ab)*(b*)", "abb"), "0:3 0:1 - 1:3 ");
  EXPECT_EQ(groups_of("(a|b)*c|(a|ab)*c", "abc"), "0:3 1:2 - ");
  EXPECT_EQ(groups_of("(a*)*", "b"), "0:0 0:0 ");
  EXPECT_EQ(groups_of("(a*)+", "aa"), "0:2 0:2 ");
  EXPECT_EQ(groups_of("(ab?)(b?a)", "aba"), "0:3 0:2 2:3 ");
  EXPECT_EQ(groups_of("([a-z]+)=([0-9]*);?", "  width=42;"), "2:11 2:7 8:10 ");
}

TEST(Regex, Anchors) {
  EXPECT_EQ(groups_of("^a*$", "aaa"), "0:3 ");
  EXPECT_EQ(groups_of("^a*$", "aab"), "");
  EXPECT_EQ(groups_of("(a$)|(b)", "ba"), "0:1 - 0:1 ");
  EXPECT_EQ(groups_of("$", "ab"), "2:2 ");
  EXPECT_EQ(groups_of("a^b|a$b", "a^b a$b"), "");
  EXPECT_EQ(groups_of("(^)*b", "ab"), "1:2 - ");
}

TEST(Regex, Bytes_and_classes) {
  EXPECT_EQ(groups_of("[[:digit:]]+", "ab123"), "2:5 ");
  EXPECT_EQ(groups_of("[]a-c\\-]+", "x]b-"), "1:4 ");
  EXPECT_EQ(groups_of("[^]x]", "x]y"), "2:3 ");
  EXPECT_EQ(groups_of("\\.\\(", "a.("), "1:3 ");
  EXPECT_EQ(groups_of(".", "\n"), "0:1 ");
  EXPECT_EQ(groups_of(".", "\xc3\xa9"), "0:1 ");
  EXPECT_EQ(groups_of("[\x80-\xff]+", "a\xc3\xa9"), "1:3 ");
  EXPECT_EQ(groups_of("a]}", "a]}"), "0:3 ");
}

TEST(Regex, Errors_name_the_place) {
  EXPECT_EQ(error_of("ab(c"), "2 '(' without ')'");
  EXPECT_EQ(error_of("ab)"), "2 unbalanced ')'");
  EXPECT_EQ(error_of("a|*b"), "2 nothing before '*' to repeat");
  EXPECT_EQ(error_of("a{2,1}"), "1 the repetition's bounds are the wrong way round");
  EXPECT_EQ(error_of("a{x}"), "2 expected a number");
  EXPECT_EQ(error_of("a{1"), "3 expected '}'");
  EXPECT_EQ(error_of("a{1;}"), "3 expected ',' or '}'");
  EXPECT_EQ(error_of("a{1001}"), "2 more than 1000 repetitions");
  EXPECT_EQ(error_of("x[a"), "1 '[' without ']'");
  EXPECT_EQ(error_of("[[:foo:]]"), "1 no character class is called 'foo'");
  EXPECT_EQ(error_of("[[:alpha"), "1 '[:' without ':]'");
  EXPECT_EQ(error_of("[z-a]"), "1 the range 'z-a' is the wrong way round");
  EXPECT_EQ(error_of("^*"), "1 '*' cannot repeat '^'");
  EXPECT_EQ(error_of("ab\\"), "2 expected a character after '\\'");
  EXPECT_EQ(error_of(std::string(200, '(')), "30 groups are nested too deeply");
  EXPECT_EQ(error_of("a" + std::string(200, '*')), "31 repetitions are nested too deeply");
  EXPECT_EQ(error_of("(((a{100}){100}){100})"), "0 it needs too many states");
  EXPECT_EQ(error_of("(a|b)*a(a|b){14}"), "0 it needs too many states");
}

TEST(Regex, What_takes_too_long_is_refused) {
  // Few states, each made of many ways that must be compared.
  const auto compiled = compile_regex("(.*a.*b){150}", Wanted::groups);
  EXPECT_TRUE(std::holds_alternative<RegexError>(compiled));
}

TEST(Regex, Chains_are_told_apart_from_their_ends) {
  // Every state of one is one of the other; which of a chain's are equal shows only at its end.
  const size_t chain = compiled("[xy]z{255}", Wanted::test).states.size();
  EXPECT_EQ(chain, 258u);
  EXPECT_EQ(compiled("xz{255}|yz{255}", Wanted::test).states.size(), chain);
  EXPECT_EQ(compiled("x(z{100}){2}z{55}|yz{255}", Wanted::test).states.size(), chain);
}

TEST(Regex, Tables_are_small) {
  EXPECT_EQ(compiled("a|b|[a-b]", Wanted::test).states.size(), 3u);
  EXPECT_EQ(compiled("^x", Wanted::test).classes, 3u);
}

// Random expressions over two letters, and every text of up to five of them.
class RandomRegex {
 public:
  explicit RandomRegex(uint32_t seed) : random_(seed) {}

  std::string choice(int depth) {
    std::string out = sequence(depth);
    while (one_in(4)) out += "|" + sequence(depth);
    return out;
  }

 private:
  bool one_in(uint32_t n) { return random_() % n == 0; }
  std::string sequence(int depth) {
    std::string out = repeated(depth);
    while (one_in(2)) out += repeated(depth);
    return out;
  }
  std::string repeated(int depth) {
    if (one_in(20)) return one_in(2) ? "^" : "$";
    std::string out = depth > 0 && one_in(2) ? "(" + choice(depth - 1) + ")" : letter();
    static constexpr const char* kTimes[] = {"*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}"};
    return one_in(3) ? out + kTimes[random_() % std::size(kTimes)] : out;
  }
  std::string letter() {
    static constexpr const char* kLetters[] = {"a", "b", "a", "b", ".", "[^a]"};
    return kLetters[random_() % std::size(kLetters)];
  }
  std::mt19937 random_;
};

std::vector<std::string> short_texts() {
  std::vector<std::string> texts;
  for (size_t length = 0; length <= 5; ++length)
    for (unsigned bits = 0; bits < 1u << length; ++bits) {
      std::string text;
      for (size_t i = 0; i < length; ++i) text += bits >> i & 1 ? 'b' : 'a';
      texts.push_back(text);
    }
  return texts;
}

class WithRegexec {
 public:
  explicit WithRegexec(const std::string& text)
      : status_(regcomp(&regex_, text.c_str(), REG_EXTENDED)) {}
  ~WithRegexec() {
    if (status_ == 0) regfree(&regex_);
  }
  WithRegexec(const WithRegexec&) = delete;
  WithRegexec& operator=(const WithRegexec&) = delete;
  bool compiles() const { return status_ == 0; }
  std::string whole_match(const std::string& text) const {
    regmatch_t match[1];
    if (regexec(&regex_, text.c_str(), 1, match, 0) != 0) return "";
    return text_of({{match[0].rm_so, match[0].rm_eo}});
  }

 private:
  regex_t regex_{};
  int status_;
};

TEST(Regex, Random_expressions_match_as_posix_says) {
  const std::vector<std::string> texts = short_texts();
  size_t compared = 0;
  for (uint32_t seed = 0; seed < 500 && !::testing::Test::HasFailure(); ++seed) {
    const std::string regex = RandomRegex(seed).choice(2);
    const std::variant<Tree, RegexError> tree = parse_regex(regex);
    ASSERT_TRUE(std::holds_alternative<Tree>(tree)) << regex;
    const std::variant<Automaton, RegexError> noting = compile_regex(regex, Wanted::groups);
    if (!std::holds_alternative<Automaton>(noting)) continue;
    const Automaton testing = compiled(regex, Wanted::test);
    const WithRegexec library(regex);
    for (const std::string& text : texts) {
      const std::optional<std::vector<Span>> wanted =
          PosixReference(std::get<Tree>(tree), text).run();
      const std::vector<Span> got = groups(std::get<Automaton>(noting), text);
      ASSERT_EQ(text_of(got), wanted ? text_of(*wanted) : "")
          << "'" << regex << "' on '" << text << "', seed " << seed;
      ASSERT_EQ(test(testing, text), wanted.has_value()) << regex << " on '" << text << "'";
      if (library.compiles() && regex.find('{') == regex.npos) {
        ASSERT_EQ(got.empty() ? "" : text_of({got[0]}), library.whole_match(text))
            << regex << " on '" << text << "'";
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 27000u);
}

}  // namespace
}  // namespace stapd::regex
