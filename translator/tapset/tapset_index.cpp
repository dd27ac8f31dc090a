#include "translator/tapset/tapset_index.h"

#include <array>
#include <cstdint>

namespace stapd {
namespace {

enum CharClass : uint8_t { kOther, kBlank, kDigit, kLetter };

constexpr std::array<CharClass, 256> kClasses = [] {
  std::array<CharClass, 256> classes{};
  for (unsigned char c : std::string_view(" \t\n\v\f\r")) classes[c] = kBlank;
  for (unsigned char c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  for (unsigned char c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  classes['_'] = classes['$'] = classes['@'] = kLetter;
  return classes;
}();
CharClass class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// A word, or one of the characters that the index is interested in; everything else is skipped or
// comes as what it starts with.
class Scanner {
 public:
  static constexpr char kEnd = '\0', kWord = 'a', kPreprocessor = '%';

  explicit Scanner(std::string_view text) : text_(text) { next(); }

  char kind() const { return kind_; }
  char previous() const { return previous_; }  // the kind before
  std::string_view word() const { return word_; }
  // A word that can be a name: no @word, no $variable.
  bool is_name() const { return kind_ == kWord && word_[0] != '@' && word_[0] != '$'; }
  bool is(std::string_view word) const { return kind_ == kWord && word_ == word; }

  void next() {
    previous_ = kind_;
    for (;;) {
      while (at_ < text_.size() && class_of(text_[at_]) == kBlank) ++at_;
      if (at_ >= text_.size()) {
        kind_ = kEnd;
        return;
      }
      char c = text_[at_];
      if (class_of(c) == kLetter || class_of(c) == kDigit) return take_word();
      if (skip_comment(c)) continue;
      if (c == '"') {
        skip_string();
        kind_ = '"';
        return;
      }
      if (c == '%' && skip_preprocessor()) {
        kind_ = kPreprocessor;
        return;
      }
      ++at_;
      kind_ = c;
      return;
    }
  }

 private:
  char peek() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  void take_word() {
    size_t start = at_;
    kind_ = class_of(text_[at_]) == kDigit ? '0' : kWord;
    while (at_ < text_.size() && class_of(text_[at_]) >= kDigit) ++at_;
    word_ = text_.substr(start, at_ - start);
  }

  void skip_behind(std::string_view end) {
    at_ = text_.find(end, at_);
    at_ = at_ == text_.npos ? text_.size() : at_ + end.size();
  }

  bool skip_comment(char c) {
    if (c == '#' || (c == '/' && peek() == '/')) {
      skip_behind("\n");
      return true;
    }
    if (c != '/' || peek() != '*') return false;
    at_ += 2;
    skip_behind("*/");
    return true;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '"') break;
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  // %( and the like, which are no parentheses, and %{ embedded code %}.
  bool skip_preprocessor() {
    switch (peek()) {
      case '{':
        at_ += 2;
        skip_behind("%}");
        return true;
      case '(':
      case ')':
      case '?':
      case ':':
        at_ += 2;
        return true;
      default:
        return false;
    }
  }

  std::string_view text_, word_;
  size_t at_ = 0;
  char kind_ = kEnd, previous_ = kEnd;
};

class Indexer {
 public:
  explicit Indexer(std::string_view text) : scan_(text) {}

  TapsetFileIndex run() {
    while (!at(Scanner::kEnd)) {
      if (scan_.is("function")) {
        function();
      } else if (scan_.is("global")) {
        globals();
      } else if (scan_.is("private")) {
        private_();
      } else if (scan_.is("probe")) {
        probe();
      } else if (at('{')) {
        braces();
      } else {
        scan_.next();
      }
    }
    return std::move(index_);
  }

 private:
  bool at(char kind) const { return scan_.kind() == kind; }

  // Nothing inside a body is of interest.
  void braces() {
    size_t nesting = 0;
    for (; !at(Scanner::kEnd); scan_.next()) {
      if (at('{')) ++nesting;
      if (at('}') && --nesting == 0) {
        scan_.next();
        return;
      }
    }
  }

  void function() {
    scan_.next();
    if (!scan_.is_name()) return;
    index_.functions.push_back(scan_.word());
    scan_.next();
  }

  void globals() {
    do {
      scan_.next();
      if (!scan_.is_name()) return;
      index_.globals.push_back(scan_.word());
      while (!at(',') && !starts_declaration()) scan_.next();
    } while (at(','));
  }

  // What is private is only for the file itself.
  void private_() {
    scan_.next();
    if (scan_.is("function") || scan_.is("global")) scan_.next();
    while (!starts_declaration() && !at('{')) scan_.next();
  }

  bool starts_declaration() const {
    return scan_.is("function") || scan_.is("global") || scan_.is("private") || scan_.is("probe") ||
           at(';') || at(Scanner::kEnd);
  }

  // `probe a.b = c = ... {`: names of aliases stand before an = sign.
  void probe() {
    IndexedAlias name;
    size_t nesting = 0;
    bool begins = true;
    for (scan_.next(); !at(Scanner::kEnd) && (begins || !is_body()); scan_.next()) {
      begins = false;
      if (at('(')) {
        ++nesting;
      } else if (at(')')) {
        nesting -= nesting > 0;
      } else if (nesting > 0) {
        continue;
      } else if (at('=')) {
        index_.aliases.push_back(std::move(name));
        name = {};
      } else if (scan_.is_name()) {
        name.components.push_back(scan_.word());
      }
    }
  }

  // A { that does not stand where a probe point has its own.
  bool is_body() const {
    if (!at('{')) return false;
    switch (scan_.previous()) {
      case '=':
      case ',':
      case '.':
      case '{':
        return false;
      default:
        return true;
    }
  }

  Scanner scan_;
  TapsetFileIndex index_;
};

}  // namespace

TapsetFileIndex index_tapset_text(std::string_view text) { return Indexer(text).run(); }

}  // namespace stapd
