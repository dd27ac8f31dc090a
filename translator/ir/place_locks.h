// Which globals need locks, and where each handler takes them: SystemTap's atomic handlers.
//
// A handler that looks at shared, changing globals in more than one place must see and leave them
// as if it ran alone; so must every other handler see them that touches one of these globals. A
// global that every handler touches with a single atomic operation, and a statistic, needs no lock.
#pragma once

#include "runtime/image/program_image.h"

namespace stapd {

// One handler that can run while others do, all calls inlined.
struct SharedHandler {
  const ir::Function* function;
};

// For each global: it needs a lock.
std::vector<bool> find_locked_globals(const std::vector<SharedHandler>& handlers,
                                      const ProgramImage& image);

// Takes the locks before the first and releases them after the last access, on every path. A
// handler that does not get them is skipped and counted.
void place_locks(ir::Function& handler, const std::vector<bool>& locked);

// What a handler does to a global.
struct Access {
  bool reads = false, writes = false;
};
std::vector<Access> accesses_of(const ir::Function& function, size_t globals);
// An operation that changes the global that its aux names.
bool writes_global(ir::Op op);

}  // namespace stapd
