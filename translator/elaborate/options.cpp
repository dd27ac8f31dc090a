#include "translator/elaborate/options.h"

#include "translator/lex/number.h"

namespace stapd {
namespace {

struct LimitName {
  const char* name;
  uint32_t Limits::*field;
  int64_t least, most;
};

constexpr LimitName kLimits[] = {
    {"MAXERRORS", &Limits::max_errors, 0, UINT32_MAX},
    {"MAXERRORS_INTERVAL", &Limits::error_window_ms, 1, UINT32_MAX},
    {"MAXSKIPPED", &Limits::max_skipped, 0, UINT32_MAX},
    {"MAXACTION", &Limits::max_action, 1, UINT32_MAX},
    {"MAXACTION_INTERRUPTIBLE", &Limits::max_action_interruptible, 1, UINT32_MAX},
    {"MAXSTRINGLEN", &Limits::max_string, 16, 4096},
    {"MAXMAPENTRIES", &Limits::max_map_entries, 1, 1 << 28},
    {"MAXNESTING", &Limits::max_nesting, 1, 1000},
    {"MAXTRYLOCK", &Limits::max_try_lock, 0, 1'000'000},
    {"TRYLOCKDELAY", &Limits::try_lock_delay_us, 0, 1'000'000},
    {"HIST_WIDTH", &Limits::histogram_width, 1, 500},
};
constexpr int64_t kMostElision = 128;  // rows that a histogram can have

Status check_range(const std::string& name, const std::string& value, std::optional<int64_t> number,
                   int64_t least, int64_t most) {
  if (number && *number >= least && *number <= most) return {};
  return failf(ErrorCode::invalid_argument, "-D {}={}: not a number from {} to {}", name, value,
               least, most);
}

}  // namespace

Status set_limit(Limits& limits, const std::string& name, const std::string& value) {
  const bool is_negative = value.starts_with('-');
  std::optional<int64_t> number = parse_number(is_negative ? value.substr(1) : value);
  if (number && is_negative) number = -*number;
  if (name == "HIST_ELISION") {  // negative: nothing is left out
    STAPD_TRY(check_range(name, value, number, -kMostElision, kMostElision));
    limits.histogram_elision = static_cast<int32_t>(*number);
    return {};
  }
  for (const LimitName& limit : kLimits) {
    if (name != limit.name) continue;
    STAPD_TRY(check_range(name, value, number, limit.least, limit.most));
    limits.*limit.field = static_cast<uint32_t>(*number);
    // SystemTap derives the one from the other unless it is given.
    if (name == "MAXACTION") limits.max_action_interruptible = limits.max_action * 10;
    return {};
  }
  return {};
}

}  // namespace stapd
