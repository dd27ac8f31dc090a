// The processes of the host, as handlers would see them.
#pragma once

#include <vector>

#include "runtime/vm/vm.h"

namespace stapd {

struct RunningProcess {
  HandlerContext context;
  uint64_t inode = 0, device = 0;  // of the program's file; 0 for threads of the kernel
};

// From /proc: what could be read, in order of pid.
std::vector<RunningProcess> list_processes();

}  // namespace stapd
