#include "ctl/command_line/time_span.h"

#include <charconv>
#include <cmath>

namespace stapd::ctl {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

struct Unit {
  std::string_view name;
  uint64_t ns;
};

constexpr Unit kUnits[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", kSecond},
    {"sec", kSecond},
    {"m", 60 * kSecond},
    {"min", 60 * kSecond},
    {"h", 3600 * kSecond},
    {"d", 86400 * kSecond},
};

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

const Unit* take_unit(std::string_view& text) {
  skip_spaces(text);
  size_t length = 0;
  while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
  std::string_view name = length ? text.substr(0, length) : "s";
  for (const Unit& unit : kUnits)
    if (unit.name == name) {
      text.remove_prefix(length);
      return &unit;
    }
  return nullptr;
}

std::string two_parts(uint64_t seconds, uint64_t large, const char* large_name, uint64_t small,
                      const char* small_name) {
  std::string text = fmt::format("{}{}", seconds / large, large_name);
  uint64_t rest = seconds % large / small;
  return rest ? text + fmt::format(" {}{}", rest, small_name) : text;
}

}  // namespace

Result<uint64_t> parse_time_span(std::string_view text) {
  std::string_view rest = text;
  double total = 0;
  do {
    double number = 0;
    skip_spaces(rest);
    auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    bool is_number = error == std::errc{} && std::isfinite(number) && number >= 0;
    if (is_number) rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const Unit* unit = is_number ? take_unit(rest) : nullptr;
    if (!unit)
      return failf(ErrorCode::invalid_argument, "'{}' is not a time: write 500ms, 5s, 2min or 1h",
                   text);
    total += number * static_cast<double>(unit->ns);
    skip_spaces(rest);
  } while (!rest.empty());
  if (total > 1e18) return failf(ErrorCode::invalid_argument, "'{}' is too long a time", text);
  return static_cast<uint64_t>(std::llround(total));
}

std::string time_span_text(uint64_t ns) {
  uint64_t seconds = ns / kSecond, tenths = ns % kSecond / 100'000'000;
  if (ns < kSecond) return fmt::format("{}ms", ns / 1'000'000);
  if (seconds < 60 && tenths) return fmt::format("{}.{}s", seconds, tenths);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return two_parts(seconds, 60, "min", 1, "s");
  if (seconds < 86400) return two_parts(seconds, 3600, "h", 60, "min");
  return two_parts(seconds, 86400, "d", 3600, "h");
}

}  // namespace stapd::ctl
