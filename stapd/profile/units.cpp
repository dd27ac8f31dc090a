#include "stapd/profile/units.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace stapd {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr Unit kSizes[] = {{"", 1},
                           {"B", 1},
                           {"K", 1ull << 10},
                           {"M", 1ull << 20},
                           {"G", 1ull << 30},
                           {"T", 1ull << 40},
                           {"KB", 1ull << 10},
                           {"MB", 1ull << 20},
                           {"GB", 1ull << 30},
                           {"TB", 1ull << 40},
                           {"KIB", 1ull << 10},
                           {"MIB", 1ull << 20},
                           {"GIB", 1ull << 30},
                           {"TIB", 1ull << 40}};

constexpr Unit kTimes[] = {{"", 1'000'000'000},
                           {"ns", 1},
                           {"us", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"sec", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"min", 60'000'000'000},
                           {"h", 3'600'000'000'000},
                           {"hour", 3'600'000'000'000},
                           {"hours", 3'600'000'000'000},
                           {"d", 86'400'000'000'000},
                           {"day", 86'400'000'000'000},
                           {"days", 86'400'000'000'000}};

std::string_view skip_spaces(std::string_view text) {
  size_t at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

// One number with its unit from the front of `text`.
template <size_t N>
Result<uint64_t> take_quantity(std::string_view& text, const Unit (&units)[N], bool any_case) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range)
    return fail(ErrorCode::invalid_argument, "the number is too large");
  if (error != std::errc{}) return failf(ErrorCode::invalid_argument, "'{}' is no number", text);
  text = skip_spaces(text.substr(static_cast<size_t>(end - text.data())));
  size_t letters = 0;
  while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])))
    ++letters;
  std::string name(text.substr(0, letters));
  if (any_case)
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
  text = skip_spaces(text.substr(letters));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > UINT64_MAX / unit.factor)
      return fail(ErrorCode::invalid_argument, "the number is too large");
    return number * unit.factor;
  }
  return failf(ErrorCode::invalid_argument, "'{}' is no unit here", name);
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  text = skip_spaces(text);
  STAPD_ASSIGN(uint64_t size, take_quantity(text, kSizes, true));
  if (!text.empty()) return failf(ErrorCode::invalid_argument, "'{}' is too much", text);
  return size;
}

Result<uint64_t> parse_duration(std::string_view text) {
  text = skip_spaces(text);
  uint64_t sum = 0;
  do {
    STAPD_ASSIGN(uint64_t part, take_quantity(text, kTimes, false));
    if (part > UINT64_MAX - sum)
      return fail(ErrorCode::invalid_argument, "the number is too large");
    sum += part;
  } while (!text.empty());
  return sum;
}

Result<bool> parse_boolean(std::string_view text) {
  for (std::string_view word : {"yes", "true", "on", "1"})
    if (text == word) return true;
  for (std::string_view word : {"no", "false", "off", "0"})
    if (text == word) return false;
  return fail(ErrorCode::invalid_argument, "`yes` or `no`");
}

}  // namespace stapd
