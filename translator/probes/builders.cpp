// The list of probe families.
#include "translator/probes/families.h"

namespace stapd::probes {

std::vector<ProbeFamily> all_families() {
  std::vector<ProbeFamily> all;
  for (const std::vector<ProbeFamily>& some :
       {begin_end_families(), timer_families(), tracepoint_families(), syscall_families(),
        kernel_function_families(), user_function_families(), process_families(),
        unsupported_families()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace stapd::probes
