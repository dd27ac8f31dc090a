// Small pieces of text, gathered before they go into a string together.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace stapd {

class TextStage {
 public:
  static constexpr size_t kWord = 16;

  // Borrows the string, which has all when the stage is flushed.
  explicit TextStage(std::string& out) : out_(out) {}
  TextStage(const TextStage&) = delete;
  TextStage& operator=(const TextStage&) = delete;

  void append(std::string_view text) {
    if (text.size() > kSize - size_) return append_long(text);
    text.copy(buffer_ + size_, text.size());  // of nothing, too, which memcpy() is not made for
    size_ += text.size();
  }
  // The first `size` of them: to copy a fixed number needs no call.
  void append_word(const char (&text)[kWord], size_t size) {
    if (kSize - size_ < kWord) flush();
    std::memcpy(buffer_ + size_, text, kWord);
    size_ += size;
  }
  void append_decimal(int64_t value) {
    if (kSize - size_ < kMaxDigits) flush();
    size_ =
        static_cast<size_t>(std::to_chars(buffer_ + size_, buffer_ + kSize, value).ptr - buffer_);
  }

  // The string itself, with all that was put in so far.
  std::string& flush() {
    out_.append(buffer_, size_);
    size_ = 0;
    return out_;
  }

 private:
  static constexpr size_t kSize = 256;
  static constexpr size_t kMaxDigits = 20;  // of -2^63

  void append_long(std::string_view text) { flush().append(text); }

  std::string& out_;
  size_t size_ = 0;
  char buffer_[kSize];
};

}  // namespace stapd
