// Who holds a session: whoever runs its timers, ends it, and answers for it has locked its folder
// in bpffs. The kernel lets the lock go when the last process that has it ends, however it ends; a
// child of fork() goes on having it.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

class SessionLock {
 public:
  // Nothing when somebody else has it; not_found when there is no such session.
  static Result<std::optional<SessionLock>> take(const std::string& pin_folder);

 private:
  explicit SessionLock(UniqueFd folder) : folder_(std::move(folder)) {}
  UniqueFd folder_;
};

}  // namespace stapd
