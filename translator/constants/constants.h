// The kernel's constants by name, for @const("NAME"): macros and enumerators of its interface with
// programs, in a table that is generated when we are built. Their values are those of the machine
// that we are built for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stapd {

// Also __NR_NAME, and __NR_compat_NAME for the calls of 32-bit programs.
std::optional<int64_t> find_constant(std::string_view name);

// The first name, in alphabetical order, with this value and prefix; "" when there is none. For
// texts of single values, as "AF_" and 2. The table has many names of one value: a prefix that
// several groups share is no good question.
std::string_view find_constant_name(std::string_view prefix, int64_t value);

uint32_t constant_count();

}  // namespace stapd
