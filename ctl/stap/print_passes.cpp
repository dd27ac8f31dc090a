#include "ctl/stap/print_passes.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace stapd::ctl {
namespace {

// As SystemTap writes it: virtual, resident, shared and data memory of this process.
std::string memory_text() {
  std::ifstream statm("/proc/self/statm");
  uint64_t all = 0, resident = 0, shared = 0, code = 0, library = 0, data = 0;
  statm >> all >> resident >> shared >> code >> library >> data;
  uint64_t kib = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return fmt::format("{}virt/{}res/{}shr/{}data kb", all * kib, resident * kib, shared * kib,
                     data * kib);
}

}  // namespace

void print_passes(const std::vector<PassReport>& passes, const StapOptions& options) {
  std::string memory = memory_text();
  for (size_t i = 0; i < passes.size(); ++i) {
    if (options.verbosity + options.pass_verbosity[i] == 0) continue;
    const PassReport& pass = passes[i];
    fmt::print(stderr, "Pass {}: {} using {}, in {}usr/{}sys/{}real ms.\n", i + 1, pass.what,
               memory, pass.user_ms, pass.system_ms, pass.real_ms);
  }
}

}  // namespace stapd::ctl
