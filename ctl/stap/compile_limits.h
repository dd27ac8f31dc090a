// --rlimit-NAME: limits of this process while it compiles.
#pragma once

#include <sys/resource.h>

#include <utility>
#include <vector>

#include "ctl/stap/options.h"

namespace stapd::ctl {

class CompileLimits {
 public:
  static Result<CompileLimits> set(const StapOptions& options);
  CompileLimits(CompileLimits&&) = default;
  // What comes after has the limits of before.
  ~CompileLimits();

 private:
  CompileLimits() = default;
  std::vector<std::pair<int, rlimit>> before_;
};

}  // namespace stapd::ctl
