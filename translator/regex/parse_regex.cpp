#include "translator/regex/parse_regex.h"

#include <fmt/format.h>

#include <optional>

namespace stapd::regex {
namespace {

constexpr uint32_t kMostGroups = 32;
constexpr uint32_t kMostRepetitions = 1000;
constexpr int kMostNesting = 30;

struct NamedClass {
  std::string_view name;
  std::string_view ranges;  // pairs of first and last byte
};
// As in the C locale.
constexpr NamedClass kClasses[] = {
    {"alpha", "AZaz"}, {"digit", "09"},     {"alnum", "09AZaz"},           {"upper", "AZ"},
    {"lower", "az"},   {"space", "\t\r  "}, {"blank", "\t\t  "},           {"punct", "!/:@[`{~"},
    {"print", " ~"},   {"graph", "!~"},     {"cntrl", "\x01\x1f\x7f\x7f"}, {"xdigit", "09AFaf"},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<Tree, RegexError> run() {
    Tree tree;
    tree.root.kind = Node::Kind::group;
    tree.root.children.push_back(choice());
    if (!error_ && at_ < text_.size()) fail(at_, "unbalanced ')'");
    tree.groups = groups_;
    if (error_) return *error_;
    return tree;
  }

 private:
  bool at_end() const { return error_ || at_ >= text_.size(); }
  char peek() const { return text_[at_]; }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  // The first fault is the one that is told.
  void fail(size_t position, std::string message) {
    if (!error_) error_ = RegexError{position, std::move(message)};
  }

  Node choice() {
    if (++nesting_ > kMostNesting) fail(at_, "groups are nested too deeply");
    Node node;
    node.kind = Node::Kind::choice;
    node.children.push_back(sequence());
    while (take('|')) node.children.push_back(sequence());
    --nesting_;
    return node.children.size() == 1 ? Node(std::move(node.children[0])) : node;
  }

  Node sequence() {
    Node node;
    node.kind = Node::Kind::sequence;
    while (!at_end() && peek() != '|' && peek() != ')') node.children.push_back(repeated());
    if (node.children.empty()) return Node{};
    return node.children.size() == 1 ? Node(std::move(node.children[0])) : node;
  }

  static bool is_repetition(char c) { return c == '*' || c == '+' || c == '?' || c == '{'; }

  Node repeated() {
    const bool anchor = peek() == '^' || peek() == '$';
    Node node = atom();
    for (int depth = 1; !at_end() && is_repetition(peek()); ++depth) {
      if (depth > kMostNesting) fail(at_, "repetitions are nested too deeply");
      if (anchor) fail(at_, fmt::format("'{}' cannot repeat '{}'", peek(), text_[at_ - 1]));
      Node outer;
      outer.kind = Node::Kind::repeat;
      bounds(outer);
      outer.children.push_back(std::move(node));
      node = std::move(outer);
    }
    return node;
  }

  void bounds(Node& node) {
    const size_t start = at_;
    switch (text_[at_++]) {
      case '*':
        return;
      case '+':
        node.least = 1;
        return;
      case '?':
        node.most = 1;
        return;
      default:
        break;
    }
    node.least = node.most = number();
    if (take(',')) {
      node.most = Node::kNoLimit;
      if (!at_end() && peek() != '}') node.most = number();
    }
    if (!take('}')) fail(at_, at_ < text_.size() ? "expected ',' or '}'" : "expected '}'");
    if (node.most < node.least) fail(start, "the repetition's bounds are the wrong way round");
  }

  uint32_t number() {
    const size_t start = at_;
    uint32_t value = 0;
    while (!at_end() && peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<uint32_t>(text_[at_++] - '0');
      if (value > kMostRepetitions)
        fail(start, fmt::format("more than {} repetitions", kMostRepetitions));
    }
    if (at_ == start) fail(at_, "expected a number");
    return value;
  }

  Node atom() {
    const size_t start = at_;
    const char c = text_[at_++];
    Node node;
    switch (c) {
      case '(':
        return group(start);
      case '[':
        return bracket(start);
      case '^':
        node.kind = Node::Kind::at_start;
        return node;
      case '$':
        node.kind = Node::Kind::at_end;
        return node;
      case '.':
        node.kind = Node::Kind::set;
        node.set.set();
        node.set.reset(0);
        return node;
      case '\\':
        node.kind = Node::Kind::set;
        node.set.set(escaped(start));
        return node;
      default:
        if (is_repetition(c)) fail(start, fmt::format("nothing before '{}' to repeat", c));
        node.kind = Node::Kind::set;
        node.set.set(static_cast<unsigned char>(c));
        return node;
    }
  }

  unsigned char escaped(size_t start) {
    if (!at_end()) return static_cast<unsigned char>(text_[at_++]);
    fail(start, "expected a character after '\\'");
    return 0;
  }

  Node group(size_t start) {
    Node node;
    node.kind = Node::Kind::group;
    node.group = groups_++;
    if (groups_ > kMostGroups) fail(start, fmt::format("more than {} groups", kMostGroups - 1));
    node.children.push_back(choice());
    if (!take(')')) fail(start, "'(' without ')'");
    return node;
  }

  Node bracket(size_t start) {
    Node node;
    node.kind = Node::Kind::set;
    const bool inverted = take('^');
    for (bool first = true; !at_end() && (first || peek() != ']'); first = false) member(node.set);
    if (!take(']')) fail(start, "'[' without ']'");
    if (inverted) node.set.flip();
    node.set.reset(0);
    return node;
  }

  void member(ByteSet& set) {
    const size_t start = at_;
    if (text_.substr(at_).starts_with("[:")) return named_class(set);
    const unsigned char first = member_byte(start);
    // A '-' at the end of the brackets is itself.
    const bool range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
    if (!range) {
      set.set(first);
      return;
    }
    ++at_;
    const unsigned char last = member_byte(at_);
    if (last < first)
      fail(start,
           fmt::format("the range '{}' is the wrong way round", text_.substr(start, at_ - start)));
    for (unsigned value = first; value <= last; ++value) set.set(value);
  }

  unsigned char member_byte(size_t start) {
    const char c = text_[at_++];
    return c == '\\' ? escaped(start) : static_cast<unsigned char>(c);
  }

  void named_class(ByteSet& set) {
    const size_t start = at_;
    const size_t close = text_.find(":]", at_ + 2);
    if (close == text_.npos) return fail(start, "'[:' without ':]'");
    const std::string_view name = text_.substr(at_ + 2, close - at_ - 2);
    at_ = close + 2;
    for (const NamedClass& known : kClasses) {
      if (known.name != name) continue;
      for (size_t i = 0; i < known.ranges.size(); i += 2)
        for (unsigned value = static_cast<unsigned char>(known.ranges[i]);
             value <= static_cast<unsigned char>(known.ranges[i + 1]); ++value)
          set.set(value);
      return;
    }
    fail(start, fmt::format("no character class is called '{}'", name));
  }

  std::string_view text_;
  size_t at_ = 0;
  int nesting_ = 0;
  uint32_t groups_ = 1;
  std::optional<RegexError> error_;
};

}  // namespace

std::variant<Tree, RegexError> parse_regex(std::string_view text) { return Parser(text).run(); }

}  // namespace stapd::regex
