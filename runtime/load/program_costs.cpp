#include "runtime/load/program_costs.h"

#include <bpf/bpf.h>

#include <cerrno>

namespace stapd {

Result<UniqueFd> count_program_costs() {
  int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) return fail_errno("counting what programs cost", -fd);
  return UniqueFd(fd);
}

ProgramCost cost_of(int program) {
  bpf_prog_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(program, &info, &length) < 0) return {};
  return {info.run_cnt, info.run_time_ns};
}

}  // namespace stapd
