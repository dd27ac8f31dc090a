#include "stapd/host/caller.h"

#include <fmt/format.h>

namespace stapd {

std::string text_of(const Caller& caller) {
  if (caller.user == static_cast<uid_t>(-1)) return "somebody";
  return fmt::format("{}[{}], user {}", caller.command, caller.pid, caller.user);
}

}  // namespace stapd
