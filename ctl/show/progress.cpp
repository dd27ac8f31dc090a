#include "ctl/show/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

constexpr uint64_t kLongNs = 1'000'000'000;
constexpr uint64_t kEveryNs = 200'000'000;

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      wanted_(::isatty(STDERR_FILENO) && !::isatty(STDOUT_FILENO)),
      started_(read_boot_clock()),
      said_(started_ + kLongNs - kEveryNs) {}

void Progress::update(uint64_t done, uint64_t all) {
  if (!wanted_) return;
  uint64_t now = read_boot_clock();
  if (now < said_ + kEveryNs) return;
  said_ = now;
  shown_ = true;
  uint64_t percent = all ? std::min<uint64_t>(100, done * 100 / all) : 100;
  std::fputs(fmt::format("\r{:3} % of {} {}\x1b[K", percent, all, what_).c_str(), stderr);
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace stapd::ctl
