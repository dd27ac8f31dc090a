#include "ctl/run/exit_status.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace stapd::ctl {

int exit_status(const Result<int>& status) {
  if (!status) {
    std::fprintf(stderr, "ERROR: %s\n", status.error().message.c_str());
    return 1;
  }
  if (std::fflush(stdout) != 0) {
    std::fprintf(stderr, "ERROR: writing the output: %s\n", std::strerror(errno));
    return 1;
  }
  return *status;
}

}  // namespace stapd::ctl
