#include "runtime/load/uprobe_head_start.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <system_error>

#include "runtime/load/perf_event.h"

namespace stapd {
namespace {

// On a file that nobody maps, so that no program is touched.
void arm_nothing() {
  UniqueFd file(memfd_create("stapd-no-program", MFD_CLOEXEC));
  if (!file.valid() || ftruncate(file.get(), sysconf(_SC_PAGESIZE)) != 0) return;
  (void)open_uprobe_event("/proc/self/fd/" + std::to_string(file.get()), 0, false, -1);
}

}  // namespace

// Signals are for the thread that waits for them.
UprobeHeadStart::UprobeHeadStart() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    thread_ = std::thread(arm_nothing);
  } catch (const std::system_error&) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

UprobeHeadStart::~UprobeHeadStart() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace stapd
