// Integer literals of the script language.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stapd {

// Decimal, 0x hexadecimal or 0 octal, from 0 to 2^64-1; 2^63 and more wrap to negative. Nothing
// when `text` is anything else, or has more than digits.
std::optional<int64_t> parse_number(std::string_view text);

}  // namespace stapd
