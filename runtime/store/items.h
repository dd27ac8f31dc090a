// Tagged items, of which schema, symbols and end blocks consist: a reader skips those that it does
// not know, so that later versions can add some.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/varint.h"

namespace stapd {

class ItemWriter {
 public:
  // Numbers that are 0 and texts that are empty are left out: that is what a reader assumes.
  void put_number(uint32_t tag, uint64_t value) {
    if (!value) return;
    std::string bytes;
    append_varint(bytes, value);
    put(tag, bytes);
  }
  void put_signed(uint32_t tag, int64_t value) { put_number(tag, fold_sign(value)); }
  void put_text(uint32_t tag, std::string_view text) {
    if (!text.empty()) put(tag, text);
  }
  // Also when it is empty: an element of a list, or items.
  void put(uint32_t tag, std::string_view bytes) {
    append_varint(bytes_, tag);
    append_varint_string(bytes_, bytes);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ItemReader {
 public:
  explicit ItemReader(std::string_view bytes) : in_(bytes) {}

  // Goes to the next item; false at the end, or where the bytes are no items: see ok().
  bool next() {
    if (in_.left() == 0) return false;
    tag_ = in_.get();
    bytes_ = in_.get_string();
    return in_.ok();
  }
  uint64_t tag() const { return tag_; }
  std::string_view bytes() const { return bytes_; }
  std::string text() const { return std::string(bytes_); }
  uint64_t number() {
    VarintReader in(bytes_);
    uint64_t value = in.get();
    if (!in.ok() || in.left()) in_.mark_bad();
    return value;
  }
  // A number that T can hold.
  template <class T>
  T number_as() {
    uint64_t value = number();
    if (static_cast<uint64_t>(static_cast<T>(value)) != value) in_.mark_bad();
    return static_cast<T>(value);
  }
  template <class E>
  E enumerator(E last) {
    uint64_t value = number();
    if (value > static_cast<uint64_t>(last)) in_.mark_bad();
    return in_.ok() ? static_cast<E>(value) : E{};
  }
  int64_t number_signed() { return unfold_sign(number()); }
  bool ok() const { return in_.ok(); }
  void mark_bad() { in_.mark_bad(); }

 private:
  VarintReader in_;
  uint64_t tag_ = 0;
  std::string_view bytes_;
};

}  // namespace stapd
