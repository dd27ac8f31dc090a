// The first user probe of a host that had none waits for the kernel's readers to be through, 8 to
// 11 ms (a per-CPU lock beside fork(), kernel/events/uprobes.c); one that follows within as long
// does not. So a probe on nothing is armed in the background while the script is compiled.
#pragma once

#include <thread>

namespace stapd {

class UprobeHeadStart {
 public:
  // Begins to wait. Without the rights to, or without memory for it, nothing happens: it is only
  // about time.
  UprobeHeadStart();
  // Until the kernel has taken the probe away again.
  ~UprobeHeadStart();
  UprobeHeadStart(const UprobeHeadStart&) = delete;
  UprobeHeadStart& operator=(const UprobeHeadStart&) = delete;

 private:
  std::thread thread_;
};

}  // namespace stapd
