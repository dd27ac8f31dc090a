#include "translator/pass_report.h"

#include <sys/resource.h>

#include <utility>

#include "runtime/base/clock.h"

namespace stapd {
namespace {

uint64_t us(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

// Rounded: a pass of 700 us took a millisecond, not none.
uint64_t ms_between(uint64_t from, uint64_t to) { return (to - from + 500) / 1000; }

}  // namespace

PassClock::Reading PassClock::read() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return {us(usage.ru_utime), us(usage.ru_stime), read_mono_clock() / 1000};
}

void PassClock::end_pass(std::string what) {
  Reading now = read();
  reports_.push_back({std::move(what), ms_between(last_.user_us, now.user_us),
                      ms_between(last_.system_us, now.system_us),
                      ms_between(last_.real_us, now.real_us)});
  last_ = now;
}

}  // namespace stapd
