#include "translator/lex/condition.h"

#include <fnmatch.h>
#include <string.h>

#include "translator/lex/number.h"

namespace stapd {
namespace {

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

bool matches(std::string_view pattern, std::string_view text) {
  return fnmatch(std::string(pattern).c_str(), std::string(text).c_str(), FNM_NOESCAPE) == 0;
}

class ConditionEvaluator {
 public:
  ConditionEvaluator(std::span<const Token> tokens, const Token& open, const ScriptFacts& facts,
                     Diagnostics& diagnostics)
      : tokens_(tokens), open_(open), facts_(facts), diagnostics_(diagnostics) {}

  // && binds tighter than ||.
  std::optional<bool> run() {
    bool any = false, all = true;
    for (;;) {
      const std::optional<bool> term = evaluate_term();
      if (!term) return std::nullopt;
      all = all && *term;
      const Token* next = peek();
      if (next && next->is(TokenKind::logical_and)) {
        ++at_;
      } else if (next && next->is(TokenKind::logical_or)) {
        any = any || all;
        all = true;
        ++at_;
      } else if (next) {
        return fault(DiagnosticKind::expected_conditional_then, open_,
                     "expected '%?' marker for conditional");
      } else {
        return any || all;
      }
    }
  }

 private:
  const Token* peek() const { return at_ < tokens_.size() ? &tokens_[at_] : nullptr; }

  std::optional<bool> fault(DiagnosticKind kind, const Token& at, std::string message) {
    diagnostics_.add(kind, place_of(at), std::move(message));
    return std::nullopt;
  }

  std::optional<bool> evaluate_term() {
    if (tokens_.size() - at_ < 3)
      return fault(DiagnosticKind::incomplete_condition, peek() ? *peek() : open_,
                   "incomplete condition after '%('");
    const Token &left = tokens_[at_], &op = tokens_[at_ + 1], &right = tokens_[at_ + 2];
    at_ += 3;
    if (left.is(TokenKind::identifier)) {
      if (left.text == "kernel_v") return compare_version(facts_.kernel_version(), op, right);
      if (left.text == "kernel_vr") return compare_version(facts_.kernel_release, op, right);
      if (left.text == "systemtap_v") return compare_version(facts_.language_version, op, right);
      if (left.text == "arch") return compare_name(facts_.architecture, op, right, true);
      if (left.text == "runtime") return compare_name(facts_.runtime, op, right, true);
      if (left.text == "systemtap_privilege")
        return compare_name(facts_.privilege, op, right, false);
      if (left.text == "guru_mode") return compare_guru(op, right);
      if (left.text.starts_with("CONFIG_")) return compare_config(left, op, right);
    }
    if (left.is(TokenKind::string) && right.is(TokenKind::string))
      return ordered(left.text.compare(right.text), op);
    if (left.is(TokenKind::number) && right.is(TokenKind::number))
      return compare_numbers(left, op, right);
    if (left.is(TokenKind::string) && right.is(TokenKind::number))
      return fault(DiagnosticKind::condition_type, right, "expected string literal as right value");
    if (left.is(TokenKind::number) && right.is(TokenKind::string))
      return fault(DiagnosticKind::condition_type, right, "expected number literal as right value");
    return fault(DiagnosticKind::unknown_condition, left,
                 "expected 'arch', 'kernel_v', 'kernel_vr', 'systemtap_v',\n"
                 "             'runtime', 'systemtap_privilege', 'CONFIG_...', or\n"
                 "             comparison between strings or integers");
  }

  std::optional<bool> ordered(int comparison, const Token& op) {
    switch (op.kind) {
      case TokenKind::less:
        return comparison < 0;
      case TokenKind::less_equal:
        return comparison <= 0;
      case TokenKind::equal:
        return comparison == 0;
      case TokenKind::not_equal:
        return comparison != 0;
      case TokenKind::greater:
        return comparison > 0;
      case TokenKind::greater_equal:
        return comparison >= 0;
      default:
        return fault(DiagnosticKind::expected_comparison, op, "expected comparison operator");
    }
  }

  static bool is_equality(const Token& op) {
    return op.is(TokenKind::equal) || op.is(TokenKind::not_equal);
  }

  std::optional<bool> expected_equality(const Token& op) {
    return fault(DiagnosticKind::expected_equality, op, "expected '==' or '!='");
  }

  std::optional<bool> compare_version(std::string_view ours, const Token& op, const Token& right) {
    if (!right.is(TokenKind::string))
      return fault(DiagnosticKind::condition_type, right, "expected string literal");
    if (is_pattern(right.text)) {
      if (is_equality(op)) return matches(right.text, ours) == op.is(TokenKind::equal);
      if (!ordered(0, op)) return std::nullopt;
      return fault(DiagnosticKind::pattern_with_order, op,
                   "wildcard not allowed with order comparison operators");
    }
    return ordered(compare_versions(ours, right.text), op);
  }

  std::optional<bool> compare_name(std::string_view ours, const Token& op, const Token& right,
                                   bool patterns) {
    if (!right.is(TokenKind::string))
      return fault(DiagnosticKind::condition_type, right, "expected string literal");
    if (!is_equality(op)) return expected_equality(op);
    const bool same = patterns ? matches(right.text, ours) : right.text == ours;
    return same == op.is(TokenKind::equal);
  }

  std::optional<bool> compare_guru(const Token& op, const Token& right) {
    if (!right.is(TokenKind::number))
      return fault(DiagnosticKind::condition_type, right, "expected number");
    if (!is_equality(op)) return expected_equality(op);
    const std::optional<int64_t> wanted = parse_number(right.text);
    if (!wanted || (*wanted != 0 && *wanted != 1))
      return fault(DiagnosticKind::condition_type, right, "expected 0 or 1");
    return (facts_.guru == (*wanted == 1)) == op.is(TokenKind::equal);
  }

  std::string_view config_value(std::string_view option) const {
    const auto it = facts_.config.find(option);
    return it == facts_.config.end() ? std::string_view() : std::string_view(it->second);
  }

  std::optional<bool> compare_config(const Token& left, const Token& op, const Token& right) {
    const std::string_view value = config_value(left.text);
    if (right.is(TokenKind::string)) {
      if (!is_equality(op)) return expected_equality(op);
      return matches(right.text, value) == op.is(TokenKind::equal);
    }
    if (right.is(TokenKind::number)) {
      const std::optional<int64_t> wanted = parse_number(right.text);
      if (!wanted) return bad_number(right);
      if (value.empty()) return false;  // the kernel does not have the option
      const std::optional<int64_t> number = parse_number(value);
      if (!number)
        return fault(DiagnosticKind::condition_type, left, "Config option value not a number");
      return ordered(*number < *wanted ? -1 : *number > *wanted, op);
    }
    if (right.is(TokenKind::identifier) && right.text.starts_with("CONFIG_")) {
      const std::string_view other = config_value(right.text);
      const std::optional<int64_t> a = parse_number(value), b = parse_number(other);
      if (a && b) return ordered(*a < *b ? -1 : *a > *b, op);
      return ordered(value.compare(other), op);
    }
    return fault(DiagnosticKind::condition_type, right,
                 "expected string, number literal or other CONFIG_... as right side operand");
  }

  std::optional<bool> compare_numbers(const Token& left, const Token& op, const Token& right) {
    const std::optional<int64_t> a = parse_number(left.text), b = parse_number(right.text);
    if (!a) return bad_number(left);
    if (!b) return bad_number(right);
    return ordered(*a < *b ? -1 : *a > *b, op);
  }

  std::optional<bool> bad_number(const Token& token) {
    return fault(DiagnosticKind::bad_number, token, "number invalid or out of range");
  }

  std::span<const Token> tokens_;
  const Token& open_;
  const ScriptFacts& facts_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;
};

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  return strverscmp(std::string(a).c_str(), std::string(b).c_str());
}

std::optional<bool> evaluate_condition(std::span<const Token> tokens, const Token& open,
                                       const ScriptFacts& facts, Diagnostics& diagnostics) {
  return ConditionEvaluator(tokens, open, facts, diagnostics).run();
}

}  // namespace stapd
