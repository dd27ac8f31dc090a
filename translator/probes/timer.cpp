// timer.*: one timer in the daemon for the whole host, or, for timer.profile, one on each CPU.
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

using Family = ProbeSpec::Family;

struct Unit {
  std::string_view name;
  int64_t nanoseconds, least, most;  // of the interval, in units
};

// SystemTap takes up to a day, and not less than 100 us.
constexpr Unit kUnits[] = {
    {"s", 1'000'000'000, 1, 86'400},        {"sec", 1'000'000'000, 1, 86'400},
    {"ms", 1'000'000, 1, 86'400'000},       {"msec", 1'000'000, 1, 86'400'000},
    {"us", 1'000, 100, 86'400'000'000},     {"usec", 1'000, 100, 86'400'000'000},
    {"ns", 1, 100'000, 86'400'000'000'000}, {"nsec", 1, 100'000, 86'400'000'000'000},
};

DerivedPoint timer_point(Components components) {
  DerivedPoint derived;
  derived.point = point_text(components);
  derived.spec.family = Family::timer;
  return derived;
}

BuildResult build_interval(Components components, BuildContext&) {
  for (const Unit& unit : kUnits) {
    const std::optional<int64_t> interval = number_argument(components, unit.name);
    if (!interval) continue;
    if (*interval < unit.least || *interval > unit.most)
      return build_error(
          fmt::format("interval value out of range ({}, {})", unit.least, unit.most));
    const int64_t randomize = number_argument(components, "randomize").value_or(0);
    if (randomize < 0 || randomize > *interval)
      return build_error("randomization value out of range");
    DerivedPoint derived = timer_point(components);
    derived.spec.interval_ns = *interval * unit.nanoseconds;
    derived.spec.randomize_ns = randomize * unit.nanoseconds;
    return BuildResult{{std::move(derived)}};
  }
  return build_error("unrecognized timer variant");
}

BuildResult build_jiffies(Components components, BuildContext& context) {
  const int64_t interval = *number_argument(components, "jiffies");
  if (interval < 1 || interval > 1'000'000)
    return build_error("invalid interval for jiffies timer");
  const int64_t randomize = number_argument(components, "randomize").value_or(0);
  if (randomize < 0 || randomize > interval)
    return build_error("invalid randomize for jiffies timer");
  DerivedPoint derived = timer_point(components);
  const int64_t jiffy_ns = 1'000'000'000 / std::max<int64_t>(1, context.kernel.hz);
  derived.spec.interval_ns = interval * jiffy_ns;
  derived.spec.randomize_ns = randomize * jiffy_ns;
  return BuildResult{{std::move(derived)}};
}

BuildResult build_hz(Components components, BuildContext&) {
  const int64_t hz = *number_argument(components, "hz");
  if (hz <= 0) return build_error("frequency must be greater than 0");
  DerivedPoint derived = timer_point(components);
  derived.spec.interval_ns = std::max<int64_t>(1, (1'000'000'000 + hz - 1) / hz);
  return BuildResult{{std::move(derived)}};
}

BuildResult build_profile(Components components, BuildContext&) {
  DerivedPoint derived = timer_point(components);
  derived.spec.family = Family::profile;
  derived.context = ProgramContext::perf_event;
  if (const std::optional<int64_t> hz = number_argument(components, "hz")) {
    if (*hz <= 0) return build_error("frequency must be greater than 0");
    if (*hz > 100'000) return build_error("frequency must not be greater than 100000");
    derived.spec.frequency = static_cast<uint32_t>(*hz);
  }
  return BuildResult{{std::move(derived)}};
}

}  // namespace

std::vector<ProbeFamily> timer_families() {
  return {
      {"timer.s(number)", build_interval, Privilege::user},
      {"timer.s(number).randomize(number)", build_interval, Privilege::user},
      {"timer.sec(number)", build_interval, Privilege::user},
      {"timer.sec(number).randomize(number)", build_interval, Privilege::user},
      {"timer.ms(number)", build_interval, Privilege::user},
      {"timer.ms(number).randomize(number)", build_interval, Privilege::user},
      {"timer.msec(number)", build_interval, Privilege::user},
      {"timer.msec(number).randomize(number)", build_interval, Privilege::user},
      {"timer.us(number)", build_interval, Privilege::user},
      {"timer.us(number).randomize(number)", build_interval, Privilege::user},
      {"timer.usec(number)", build_interval, Privilege::user},
      {"timer.usec(number).randomize(number)", build_interval, Privilege::user},
      {"timer.ns(number)", build_interval, Privilege::user},
      {"timer.ns(number).randomize(number)", build_interval, Privilege::user},
      {"timer.nsec(number)", build_interval, Privilege::user},
      {"timer.nsec(number).randomize(number)", build_interval, Privilege::user},
      {"timer.jiffies(number)", build_jiffies, Privilege::user},
      {"timer.jiffies(number).randomize(number)", build_jiffies, Privilege::user},
      {"timer.hz(number)", build_hz, Privilege::user},
      {"timer.profile", build_profile},
      {"timer.profile.tick", build_profile},
      {"timer.profile.freq.hz(number)", build_profile},
  };
}

}  // namespace stapd::probes
