#include "runtime/format/value_text.h"

#include <algorithm>
#include <array>

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;

constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (int i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// Digits are written backward from the end of a buffer.
class Digits {
 public:
  Digits(uint64_t value, Conversion base) {
    if (base == Conversion::octal)
      put_bits(value, 3, "01234567");
    else if (base == Conversion::hex || base == Conversion::pointer)
      put_bits(value, 4, "0123456789abcdef");
    else if (base == Conversion::hex_upper)
      put_bits(value, 4, "0123456789ABCDEF");
    else
      put_decimal(value);
  }
  void prepend(char c) { *--begin_ = c; }
  std::string_view view() const {
    return {begin_, static_cast<size_t>(buffer_ + sizeof buffer_ - begin_)};
  }

 private:
  void put_decimal(uint64_t value) {
    while (value >= 100) {
      const char* pair = &kDigitPairs[2 * (value % 100)];
      value /= 100;
      *--begin_ = pair[1];
      *--begin_ = pair[0];
    }
    if (value >= 10) *--begin_ = kDigitPairs[2 * value + 1];
    *--begin_ = value >= 10 ? kDigitPairs[2 * value] : static_cast<char>('0' + value);
  }
  void put_bits(uint64_t value, int bits, const char* digits) {
    do {
      *--begin_ = digits[value & ((1u << bits) - 1)];
      value >>= bits;
    } while (value);
  }

  char buffer_[24];
  char* begin_ = buffer_ + sizeof buffer_;
};

void pad(std::string& out, int64_t count, char with = ' ') {
  if (count > 0) out.append(static_cast<size_t>(count), with);
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

// Letter of the C escape of `c`, or 0.
char escape_letter(char c) {
  switch (c) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    default:
      return 0;
  }
}

void append_octal_escape(std::string& out, char c) {
  auto byte = static_cast<unsigned char>(c);
  out += '\\';
  out += static_cast<char>('0' + (byte >> 6));
  out += static_cast<char>('0' + (byte >> 3 & 7));
  out += static_cast<char>('0' + (byte & 7));
}

// A byte of %#s: what is printable stays as it is.
void append_visible(std::string& out, char c) {
  if (is_printable(c))
    out += c;
  else
    append_escaped(out, c);
}

// Pads what was appended to `out` since `start`, and with zero_pad ends it with a zero byte:
// SystemTap does so for %s and %m.
void fit(std::string& out, size_t start, uint8_t flags, int32_t width) {
  auto size = static_cast<int64_t>(out.size() - start);
  if (size < width) {
    if (flags & FormatPiece::left)
      pad(out, width - size);
    else
      out.insert(start, static_cast<size_t>(width - size), ' ');
  }
  if (flags & FormatPiece::zero_pad) out += '\0';
}

bool is_integer_size(int32_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

}  // namespace

void append_decimal(std::string& out, int64_t value) {
  bool negative = value < 0;
  Digits digits(negative ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value),
                Conversion::decimal);
  if (negative) digits.prepend('-');
  out.append(digits.view());
}

void append_number(std::string& out, int64_t value, Conversion base, uint8_t flags, int32_t width,
                   int32_t precision) {
  std::string_view prefix;
  auto magnitude = static_cast<uint64_t>(value);
  if (base == Conversion::decimal) {
    if (value < 0) {
      prefix = "-";
      magnitude = -magnitude;
    } else if (flags & FormatPiece::plus) {
      prefix = "+";
    } else if (flags & FormatPiece::space) {
      prefix = " ";
    }
  } else if ((flags & FormatPiece::alternate) || base == Conversion::pointer) {
    if (base == Conversion::octal) prefix = "0";
    if (base == Conversion::hex || base == Conversion::pointer) prefix = "0x";
    if (base == Conversion::hex_upper) prefix = "0X";
  }
  Digits digits(magnitude, base);
  auto size = static_cast<int64_t>(digits.view().size());
  int64_t zeros = std::max<int64_t>(0, precision - size);
  int64_t padding = width - static_cast<int64_t>(prefix.size()) - zeros - size;
  bool left = flags & FormatPiece::left, zero_pad = flags & FormatPiece::zero_pad;
  // Unlike in C, zeros fill the width also when there is a precision.
  if (!left && !zero_pad) pad(out, padding);
  out.append(prefix);
  if (!left && zero_pad) pad(out, padding, '0');
  pad(out, zeros, '0');
  out.append(digits.view());
  if (left) pad(out, padding);
}

void append_string_fitted(std::string& out, std::string_view text, uint8_t flags, int32_t width,
                          int32_t precision) {
  if (precision >= 0) text = text.substr(0, static_cast<size_t>(precision));
  size_t start = out.size();
  if (flags & FormatPiece::alternate)
    for (char c : text) append_visible(out, c);
  else
    out.append(text);
  fit(out, start, flags, width);
}

void append_escaped(std::string& out, char c) {
  char letter = c == '\'' || c == '\\' ? c : escape_letter(c);
  if (letter) {
    out += '\\';
    out += letter;
  } else if (is_printable(c)) {
    out += c;
  } else {
    append_octal_escape(out, c);
  }
}

void append_character(std::string& out, int64_t value, uint8_t flags, int32_t width) {
  size_t start = out.size();
  if (flags & FormatPiece::alternate)
    append_escaped(out, static_cast<char>(value));
  else
    out += static_cast<char>(value);
  fit(out, start, flags & ~FormatPiece::zero_pad, width);
}

void append_binary(std::string& out, int64_t value, uint8_t flags, int32_t width,
                   int32_t precision) {
  int32_t size = is_integer_size(precision) ? precision : is_integer_size(width) ? width : 8;
  if (!(flags & FormatPiece::left)) pad(out, width - size, '\0');
  for (int32_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  if (flags & FormatPiece::left) pad(out, width - size, '\0');
}

void append_memory(std::string& out, std::string_view bytes, bool hex, uint8_t flags,
                   int32_t width) {
  size_t start = out.size();
  if (hex) {
    for (char c : bytes) {
      auto byte = static_cast<unsigned char>(c);
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    }
  } else {
    out.append(bytes);
  }
  fit(out, start, flags, width);
}

}  // namespace stapd
