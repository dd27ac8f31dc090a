// Something that works, then fails for a while: one message when it begins, one when it ends.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace stapd {

class Trouble {
 public:
  enum class Change { none, began, ended };

  // Notes how an attempt went.
  Change note(const Status& outcome) {
    bool failed = !outcome;
    if (failed) message_ = outcome.error().message;
    failures_ += failed;
    if (failed == failing_) return Change::none;
    failing_ = failed;
    return failed ? Change::began : Change::ended;
  }

  bool failing() const { return failing_; }
  uint64_t failures() const { return failures_; }
  const std::string& message() const { return message_; }  // of the last failure

 private:
  bool failing_ = false;
  uint64_t failures_ = 0;
  std::string message_;
};

}  // namespace stapd
