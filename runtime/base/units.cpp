#include "runtime/base/units.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace stapd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMillion = 1'000'000;

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

// Behind a point, of something `whole`: "5" of 10 is 5. Digits that are too many are left out.
uint64_t take_fraction(std::string_view& text, uint64_t whole) {
  uint64_t sum = 0;
  for (uint64_t part = whole / 10;
       !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])); part /= 10) {
    sum += part * static_cast<uint64_t>(text[0] - '0');
    text.remove_prefix(1);
  }
  return sum;
}

uint64_t fraction_of(uint64_t whole, uint64_t millionths) {
  return whole / kMillion * millionths + whole % kMillion * millionths / kMillion;
}

std::string two_parts(uint64_t seconds, uint64_t large, const char* large_name, uint64_t small,
                      const char* small_name) {
  std::string text = fmt::format("{}{}", seconds / large, large_name);
  uint64_t rest = seconds % large / small;
  return rest ? text + fmt::format(" {}{}", rest, small_name) : text;
}

struct Spelling {
  bool any_case = false;   // of units
  bool fractions = false;  // "1.5"
};

// One number with its unit from the front of `text`.
template <size_t N>
Result<uint64_t> take_quantity(std::string_view& text, const Unit (&units)[N], Spelling spelling) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range)
    return fail(ErrorCode::invalid_argument, "the number is too large");
  if (error != std::errc{}) return failf(ErrorCode::invalid_argument, "'{}' is no number", text);
  text = text.substr(static_cast<size_t>(end - text.data()));
  uint64_t millionths = 0;
  if (spelling.fractions && text.size() > 1 && text[0] == '.' &&
      std::isdigit(static_cast<unsigned char>(text[1]))) {
    text.remove_prefix(1);
    millionths = take_fraction(text, kMillion);
  }
  text = skip_spaces(text);
  size_t letters = 0;
  while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])))
    ++letters;
  std::string name(text.substr(0, letters));
  if (spelling.any_case)
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
  text = skip_spaces(text.substr(letters));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number >= UINT64_MAX / unit.factor)
      return fail(ErrorCode::invalid_argument, "the number is too large");
    return number * unit.factor + fraction_of(unit.factor, millionths);
  }
  return failf(ErrorCode::invalid_argument, "'{}' is no unit here", name);
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  text = skip_spaces(text);
  STAPD_ASSIGN(uint64_t size, take_quantity(text, kSizes, {.any_case = true}));
  if (!text.empty()) return failf(ErrorCode::invalid_argument, "'{}' is too much", text);
  return size;
}

Result<uint64_t> parse_duration(std::string_view text) {
  text = skip_spaces(text);
  uint64_t sum = 0;
  do {
    STAPD_ASSIGN(uint64_t part, take_quantity(text, kTimes, {.fractions = true}));
    if (part > UINT64_MAX - sum)
      return fail(ErrorCode::invalid_argument, "the number is too large");
    sum += part;
  } while (!text.empty());
  return sum;
}

std::string duration_text(uint64_t ns) {
  uint64_t seconds = ns / kSecond, tenths = ns % kSecond / 100'000'000;
  if (ns < kSecond) return fmt::format("{}ms", ns / kMillion);
  if (seconds < 60 && tenths) return fmt::format("{}.{}s", seconds, tenths);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return two_parts(seconds, 60, "min", 1, "s");
  if (seconds < 86400) return two_parts(seconds, 3600, "h", 60, "min");
  return two_parts(seconds, 86400, "d", 3600, "h");
}

Result<bool> parse_boolean(std::string_view text) {
  for (std::string_view word : {"yes", "true", "on", "1"})
    if (text == word) return true;
  for (std::string_view word : {"no", "false", "off", "0"})
    if (text == word) return false;
  return fail(ErrorCode::invalid_argument, "`yes` or `no`");
}

}  // namespace stapd
