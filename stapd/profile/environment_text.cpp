#include "stapd/profile/environment_text.h"

#include <algorithm>
#include <cctype>

namespace stapd {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// A line with those that it goes on with.
struct Lines {
  std::string_view rest;
  int number = 0;  // of the first line of what next() gave
  int after = 0;

  bool next(std::string& line) {
    line.clear();
    if (rest.empty()) return false;
    number = after + 1;
    for (bool goes_on = true; goes_on && !rest.empty();) {
      std::string_view part = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      ++after;
      goes_on = part.ends_with('\\');
      line += goes_on ? part.substr(0, part.size() - 1) : part;
    }
    return true;
  }
};

bool is_name(std::string_view name) {
  auto is_part = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), is_part);
}

Result<std::string> unquoted(std::string_view value) {
  char quote = value.empty() ? '\0' : value[0];
  if (quote != '"' && quote != '\'') return std::string(value);
  std::string out;
  size_t at = 1;
  for (; at < value.size() && value[at] != quote; ++at) {
    bool escapes = quote == '"' && value[at] == '\\' && at + 1 < value.size();
    if (escapes && std::string_view("\"\\$`").find(value[at + 1]) != std::string_view::npos) ++at;
    out += value[at];
  }
  if (at >= value.size()) return failf(ErrorCode::invalid_argument, "a {} is not closed", quote);
  if (at + 1 < value.size())
    return failf(ErrorCode::invalid_argument, "'{}' behind the closing {}", value.substr(at + 1),
                 quote);
  return out;
}

}  // namespace

Result<std::vector<IniAssignment>> parse_environment_untrusted(std::string_view text,
                                                               const std::string& file) {
  if (text.find('\0') != std::string_view::npos)
    return failf(ErrorCode::invalid_argument, "{}: not a text file", file);
  std::vector<IniAssignment> found;
  Lines lines{text};
  for (std::string whole; lines.next(whole);) {
    std::string_view line = trimmed(whole);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(trimmed(line.substr(0, equals))))
      return failf(ErrorCode::invalid_argument, "{}:{}: neither NAME=value nor a comment (`#`)",
                   file, lines.number);
    Result<std::string> value = unquoted(trimmed(line.substr(equals + 1)));
    if (!value) return in_context(fmt::format("{}:{}", file, lines.number), value.error());
    found.push_back(
        {"", std::string(trimmed(line.substr(0, equals))), std::move(*value), file, lines.number});
  }
  return found;
}

}  // namespace stapd
