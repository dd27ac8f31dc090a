#include "ctl/stap/compile_limits.h"

#include <algorithm>
#include <cerrno>

namespace stapd::ctl {

Result<CompileLimits> CompileLimits::set(const StapOptions& options) {
  CompileLimits limits;
  for (const auto& [resource, most] : options.limits) {
    auto kind = static_cast<__rlimit_resource>(resource);
    rlimit before = {};
    getrlimit(kind, &before);
    // The soft one only: a hard one could not be raised again.
    rlimit now = {std::min<rlim_t>(most, before.rlim_max), before.rlim_max};
    if (setrlimit(kind, &now) != 0) return fail_errno("setting a limit of --rlimit", errno);
    limits.before_.emplace_back(resource, before);
  }
  return limits;
}

CompileLimits::~CompileLimits() {
  for (const auto& [resource, before] : before_)
    setrlimit(static_cast<__rlimit_resource>(resource), &before);
}

}  // namespace stapd::ctl
