// Who asks something of stapd.
#pragma once

#include <sys/types.h>

#include <string>

namespace stapd {

struct Caller {
  uid_t user = static_cast<uid_t>(-1);
  pid_t pid = 0;
  std::string command;  // what the process calls itself: for people, and for nothing else
};

// "stapctl[123], user 0"
std::string text_of(const Caller& caller);

}  // namespace stapd
