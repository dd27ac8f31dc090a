#include "ctl/filter/moment.h"

#include <time.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text = trimmed(text.substr(0, text.size() - suffix.size()));
  return true;
}

// Digits of a date from the front of a text.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` of them.
  bool number(size_t digits, int& value) {
    if (text_.size() < digits) return false;
    value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!std::isdigit(static_cast<unsigned char>(text_[i]))) return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  // Behind a point: ns. Digits beyond the ninth are left out.
  bool fraction(uint64_t& ns) {
    uint64_t part = kSecond / 10;
    size_t digits = 0;
    for (; digits < text_.size() && std::isdigit(static_cast<unsigned char>(text_[digits]));
         ++digits, part /= 10)
      ns += part * static_cast<uint64_t>(text_[digits] - '0');
    text_.remove_prefix(digits);
    return digits > 0;
  }
  std::string_view rest() const { return text_; }
  void skip_spaces() { text_ = trimmed(text_); }

 private:
  std::string_view text_;
};

bool read_date(DateReader& in, tm& time) {
  int year = 0, month = 0, day = 0;
  if (!in.number(4, year) || !in.take('-') || !in.number(2, month) || !in.take('-') ||
      !in.number(2, day))
    return false;
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = day;
  return true;
}

bool read_time_of_day(DateReader& in, tm& time, uint64_t& ns) {
  if (!in.number(2, time.tm_hour) || !in.take(':') || !in.number(2, time.tm_min)) return false;
  if (in.take(':') && !in.number(2, time.tm_sec)) return false;
  return !in.take('.') || in.fraction(ns);
}

// ns since the epoch; nothing when the calendar has no such day or the day no such time.
std::optional<uint64_t> real_of(tm time, uint64_t ns, bool utc) {
  tm given = time;
  time.tm_isdst = -1;
  time_t seconds = utc ? timegm(&time) : mktime(&time);
  bool same = time.tm_mday == given.tm_mday && time.tm_mon == given.tm_mon &&
              time.tm_min == given.tm_min && time.tm_sec == given.tm_sec;
  if (seconds < 0 || !same) return std::nullopt;
  return static_cast<uint64_t>(seconds) * kSecond + ns;
}

tm day_of(uint64_t now, bool utc) {
  auto seconds = static_cast<time_t>(now / kSecond);
  tm time{};
  utc ? gmtime_r(&seconds, &time) : localtime_r(&seconds, &time);
  time.tm_hour = time.tm_min = time.tm_sec = 0;
  return time;
}

std::optional<uint64_t> read_calendar(std::string_view text, uint64_t now) {
  bool utc = take_suffix(text, "UTC") || take_suffix(text, "Z");
  tm time = day_of(now, utc);
  uint64_t ns = 0;
  if (text == "now") return now;
  if (text == "today") return real_of(time, 0, utc);
  if (text == "yesterday") {
    --time.tm_mday;
    time.tm_isdst = -1;
    time_t start = utc ? timegm(&time) : mktime(&time);
    return static_cast<uint64_t>(start) * kSecond;
  }
  bool has_date = text.size() > 4 && text[4] == '-';
  DateReader in(text);
  if (has_date && !read_date(in, time)) return std::nullopt;
  bool separated = has_date && (in.take('T') || in.take(' '));
  in.skip_spaces();
  if ((separated || !has_date) && !read_time_of_day(in, time, ns)) return std::nullopt;
  if (!in.rest().empty()) return std::nullopt;
  return real_of(time, ns, utc);
}

uint64_t boot_of(const Moment& moment, const ClockReading& now) {
  if (moment.clock == Moment::Clock::boot) return moment.ns;
  uint64_t started = now.real - now.boot;
  return moment.ns > started ? moment.ns - started : 0;
}

// "1795269785.5": to the last digit, since that is how programs write the time of a record.
std::optional<uint64_t> read_seconds(std::string_view text) {
  size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto seconds = parse_duration(text.substr(0, digits));
  DateReader in(text.substr(digits));
  uint64_t ns = 0;
  if (digits == 0 || !seconds || (in.take('.') && !in.fraction(ns)) || !in.rest().empty())
    return std::nullopt;
  return *seconds + ns;
}

}  // namespace

uint64_t TimeRange::start(const ClockReading& now) const {
  return since ? boot_of(*since, now) : 0;
}

uint64_t TimeRange::end(const ClockReading& now) const {
  return until ? boot_of(*until, now) : UINT64_MAX;
}

Result<Moment> parse_moment(std::string_view given, uint64_t now) {
  using Clock = Moment::Clock;
  std::string_view text = trimmed(given);
  if (text.starts_with("boot")) {
    std::string_view rest = trimmed(text.substr(4));
    if (rest.empty()) return Moment{Clock::boot, 0};
    auto since_boot = rest[0] == '+' ? parse_duration(rest.substr(1))
                                     : Result<uint64_t>(fail(ErrorCode::invalid_argument, ""));
    if (since_boot) return Moment{Clock::boot, *since_boot};
  } else if (text.starts_with("@")) {
    if (auto real = read_seconds(text.substr(1))) return Moment{Clock::wall, *real};
  } else if (text.starts_with("-") || text.ends_with(" ago")) {
    if (!take_suffix(text, "ago")) text.remove_prefix(1);
    if (auto back = parse_duration(text)) return Moment{Clock::wall, now - std::min(*back, now)};
  } else if (text.starts_with("+")) {
    auto ahead = parse_duration(text.substr(1));
    if (ahead && *ahead < UINT64_MAX - now) return Moment{Clock::wall, now + *ahead};
  } else if (auto real = read_calendar(text, now)) {
    return Moment{Clock::wall, *real};
  }
  return failf(ErrorCode::invalid_argument,
               "'{}' is no moment: write 14:03, \"2026-11-21 14:03:05\", -5min or boot+120s",
               given);
}

}  // namespace stapd::ctl
