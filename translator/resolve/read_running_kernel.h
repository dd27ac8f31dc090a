// KernelInfo of the kernel that runs here. Needs no root; `features` stay at their defaults but for
// what tracefs says, since finding them out takes bpf() (runtime/load/kernel_features.h).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "translator/resolve/kernel_info.h"

namespace stapd {

struct ReadKernelOptions {
  // The configuration takes 1 to 3 ms, and only %( CONFIG_X ... %) in a script asks for it.
  bool with_config = true;
  std::string root;  // put before every path, for tests
};

// An error only when programs cannot be made for this machine at all.
Result<KernelInfo> read_running_kernel(const ReadKernelOptions& options = {});

// The configuration of kernel `release`: /proc/config.gz, else /boot/config-RELEASE; empty when
// neither is there. Options that are not set are not in it.
std::map<std::string, std::string> read_kernel_config(const std::string& release,
                                                      const std::string& root = "");

// "CONFIG_X=y" lines; strings lose their quotes.
std::map<std::string, std::string> parse_kernel_config(std::string_view text);

// One more than the highest number in a list as "0-3,8": what per-CPU arrays have room for.
// 0 when it is no list.
uint32_t parse_cpu_count(std::string_view list);

}  // namespace stapd
