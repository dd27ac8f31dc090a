// What a kernel can do of what programs use, found by loading tiny programs, never by comparing
// versions (runtime/load/kernel_features.h). The defaults are for compiling without a kernel.
#pragma once

namespace stapd {

struct KernelFeatures {
  bool bpf_loop = true;            // 5.17
  bool for_each_map_elem = true;   // 5.13
  bool lookup_percpu_elem = true;  // 5.19
  bool current_task_btf = true;    // 5.11
  bool tracepoint_events = true;   // tracefs is there: per-syscall tracepoints
  bool uprobe_multi = true;        // 6.6
  bool kprobes = true;
};

}  // namespace stapd
