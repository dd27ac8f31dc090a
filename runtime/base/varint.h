// Numbers in as few bytes as they need: groups of 7 bits, lowest first, bit 7 set in all but the
// last. Signed ones are folded first, so that small negative numbers are small too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stapd {

constexpr uint64_t fold_sign(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unfold_sign(uint64_t folded) {
  return static_cast<int64_t>(folded >> 1 ^ -(folded & 1));
}

inline void append_varint(std::string& out, uint64_t value) {
  char bytes[10];
  size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out.append(bytes, size);
}
inline void append_svarint(std::string& out, int64_t value) {
  append_varint(out, fold_sign(value));
}
inline void append_varint_string(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

// Reads what was appended from bytes that are not trusted: past the end, and for a number that is
// no varint, every read gives 0 or "", and ok() is false from then on.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t get() {
    uint64_t value = 0;
    for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
      auto byte = static_cast<unsigned char>(rest_[i]);
      if (i == 9 && byte > 1) break;  // more than 64 bits
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return mark_bad(), 0;
  }
  int64_t get_signed() { return unfold_sign(get()); }
  uint8_t get_byte() {
    std::string_view byte = get_raw(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
  }
  std::string_view get_raw(uint64_t size) {
    if (size > rest_.size()) return mark_bad(), std::string_view();
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view get_string() { return get_raw(get()); }

  bool ok() const { return ok_; }
  size_t left() const { return rest_.size(); }
  void mark_bad() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace stapd
