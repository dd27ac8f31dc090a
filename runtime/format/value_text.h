// How one value becomes text under a printf directive: SystemTap's rules, which differ from C's in
// small ways. The formatter of records and the VM's sprintf share them.
//
// `flags` are FormatPiece::Flag bits. A negative width or precision means that none was given; one
// that the script computed goes through clamp_size() first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/record/record_format.h"

namespace stapd {

// The most text that one print call makes, and the greatest width and precision.
constexpr int32_t kMaxPrintSize = 8192;

// What SystemTap makes of a `*` width or precision: negative ones are 0.
constexpr int32_t clamp_size(int64_t value) {
  int32_t low = static_cast<int32_t>(value);
  return low < 0 ? 0 : low > kMaxPrintSize ? kMaxPrintSize : low;
}

void append_decimal(std::string& out, int64_t value);

// decimal, unsigned_decimal, octal, hex, hex_upper, pointer.
void append_number(std::string& out, int64_t value, FormatPiece::Conversion base, uint8_t flags,
                   int32_t width, int32_t precision);

// %s. With `alternate`, bytes that are not printable are escaped; with `zero_pad` a zero byte
// follows.
void append_string_fitted(std::string& out, std::string_view text, uint8_t flags, int32_t width,
                          int32_t precision);

// %c. A zero byte is printed too.
void append_character(std::string& out, int64_t value, uint8_t flags, int32_t width);

// %b: 1, 2, 4 or 8 bytes of the value, low byte first, in a field of `width` filled with zeros.
void append_binary(std::string& out, int64_t value, uint8_t flags, int32_t width,
                   int32_t precision);

// %m and %M (`hex`) of bytes that were read already.
void append_memory(std::string& out, std::string_view bytes, bool hex, uint8_t flags,
                   int32_t width);

// The escapes of %#c: \a \b \f \n \r \t \v \' \\ and three octal digits.
void append_escaped(std::string& out, char c);

}  // namespace stapd
