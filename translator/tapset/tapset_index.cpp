#include "translator/tapset/tapset_index.h"

namespace stapd {
namespace {

class Indexer {
 public:
  explicit Indexer(const std::vector<Token>& tokens) : tokens_(tokens) {}

  TapsetFileIndex run() {
    while (!at(TokenKind::end)) {
      switch (token().kind) {
        case TokenKind::kw_function:
          function();
          break;
        case TokenKind::kw_global:
          globals();
          break;
        case TokenKind::kw_private:
          private_();
          break;
        case TokenKind::kw_probe:
          probe();
          break;
        case TokenKind::brace_open:
          braces();
          break;
        default:
          ++at_;
      }
    }
    return std::move(index_);
  }

 private:
  const Token& token() const { return tokens_[at_]; }
  bool at(TokenKind kind) const { return token().is(kind); }

  // Nothing inside a body is of interest.
  void braces() {
    size_t nesting = 0;
    for (; !at(TokenKind::end); ++at_) {
      if (at(TokenKind::brace_open)) ++nesting;
      if (at(TokenKind::brace_close) && --nesting == 0) {
        ++at_;
        return;
      }
    }
  }

  void function() {
    ++at_;
    if (!at(TokenKind::identifier) && !token().is_keyword()) return;
    index_.functions.push_back(token().text);
    ++at_;
  }

  void globals() {
    do {
      ++at_;
      if (!at(TokenKind::identifier)) return;
      index_.globals.push_back(token().text);
      while (!at(TokenKind::comma) && !starts_declaration()) ++at_;
    } while (at(TokenKind::comma));
  }

  // What is private is only for the file itself.
  void private_() {
    ++at_;
    if (at(TokenKind::kw_function)) {
      ++at_;
      return;
    }
    while (!starts_declaration() || at(TokenKind::kw_global)) ++at_;
  }

  bool starts_declaration() const {
    switch (token().kind) {
      case TokenKind::kw_function:
      case TokenKind::kw_global:
      case TokenKind::kw_private:
      case TokenKind::kw_probe:
      case TokenKind::end:
      case TokenKind::semicolon:
        return true;
      default:
        return false;
    }
  }

  // `probe a.b = c = ... {`: names of aliases stand before an = sign.
  void probe() {
    IndexedAlias name;
    size_t nesting = 0;
    for (++at_; !at(TokenKind::end) && !is_body(); ++at_) {
      const Token& t = token();
      if (t.is(TokenKind::paren_open)) {
        ++nesting;
      } else if (t.is(TokenKind::paren_close)) {
        nesting -= nesting > 0;
      } else if (nesting > 0) {
        continue;
      } else if (t.is(TokenKind::assign) || t.is(TokenKind::plus_assign)) {
        index_.aliases.push_back(std::move(name));
        name = {};
      } else if (t.is(TokenKind::identifier) || t.is_keyword()) {
        name.components.push_back(t.text);
      }
    }
  }

  // A { that does not stand where a probe point has its own.
  bool is_body() const {
    if (!at(TokenKind::brace_open)) return false;
    switch (tokens_[at_ - 1].kind) {
      case TokenKind::kw_probe:
      case TokenKind::assign:
      case TokenKind::plus_assign:
      case TokenKind::comma:
      case TokenKind::dot:
      case TokenKind::brace_open:
        return false;
      default:
        return true;
    }
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  TapsetFileIndex index_;
};

}  // namespace

TapsetFileIndex index_tapset_tokens(const std::vector<Token>& tokens) {
  return Indexer(tokens).run();
}

}  // namespace stapd
