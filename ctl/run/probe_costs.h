// `stap -t`: how often each probe was hit, and what that cost.
#pragma once

#include "runtime/base/unique_fd.h"
#include "runtime/recorder/recorder.h"

namespace stapd::ctl {

class ProbeCosts {
 public:
  // From now on, until it is destroyed.
  static Result<ProbeCosts> count();

  // On stderr, in the order of the script.
  void print(const Recorder& recorder) const;

 private:
  explicit ProbeCosts(UniqueFd counting) : counting_(std::move(counting)) {}
  UniqueFd counting_;
};

}  // namespace stapd::ctl
