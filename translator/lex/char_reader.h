// The lexer's view of a text: one byte after the other, with its line and column, where a piece of
// other text (a script argument) can be put in front of the rest. Every byte of such a piece has
// the place of what it replaces.
#pragma once

#include <string_view>

#include "translator/source/location.h"

namespace stapd {

class CharReader {
 public:
  static constexpr int kEnd = -1;

  CharReader(std::string_view text, FileId file)
      : pos_(text.data()), end_(text.data() + text.size()), file_(file) {}

  int peek() {
    if (pos_ == end_ && !leave_paste()) return kEnd;
    return static_cast<unsigned char>(*pos_);
  }
  // The byte `ahead` of the next one, in the current piece or in what follows it.
  int peek(size_t ahead) const {
    if (ahead < static_cast<size_t>(end_ - pos_)) return static_cast<unsigned char>(pos_[ahead]);
    ahead -= static_cast<size_t>(end_ - pos_);
    if (in_paste_ && ahead < static_cast<size_t>(main_end_ - main_pos_))
      return static_cast<unsigned char>(main_pos_[ahead]);
    return kEnd;
  }
  int next() {
    const int c = peek();
    if (c != kEnd) advance();
    return c;
  }
  void skip(size_t count) {
    while (count-- > 0 && peek() != kEnd) advance();
  }

  // The address of the next byte: a token that was read from one piece is a view of it.
  const char* position() const { return pos_; }
  bool in_paste() const { return in_paste_; }

  // `text` comes before the rest, and all of it is at `where`. It must live as long as the tokens.
  void paste(std::string_view text, SourceLocation where) {
    main_pos_ = pos_;
    main_end_ = end_;
    in_paste_ = true;
    pos_ = text.data();
    end_ = text.data() + text.size();
    paste_place_ = where;
  }
  SourceLocation where() {
    peek();
    return in_paste_ ? paste_place_ : SourceLocation{file_, line_, column_};
  }

 private:
  void advance() {
    if (!in_paste_) {
      if (*pos_ == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
    ++pos_;
  }
  bool leave_paste() {
    if (!in_paste_) return false;
    in_paste_ = false;
    pos_ = main_pos_;
    end_ = main_end_;
    return pos_ != end_;
  }

  const char* pos_;
  const char* end_;
  const char* main_pos_ = nullptr;
  const char* main_end_ = nullptr;
  bool in_paste_ = false;
  FileId file_;
  uint32_t line_ = 1, column_ = 1;
  SourceLocation paste_place_;
};

}  // namespace stapd
