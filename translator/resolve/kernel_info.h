// All that the translator knows of the kernel that the program will run on. Read from the running
// kernel by read_running_kernel.h, or a fixture in tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/base/result.h"
#include "runtime/image/kernel_features.h"

namespace stapd {

struct KernelInfo {
  std::string release = "6.1.0";  // uname -r
  std::string machine = "x86_64";
  std::string btf_path = "/sys/kernel/btf/vmlinux";  // opened when the script needs kernel types
  std::string tracefs_path = "/sys/kernel/tracing";
  std::map<std::string, std::string> config;  // CONFIG_X of /proc/config.gz or /boot, when known
  uint32_t possible_cpus = 1;
  uint32_t page_size = 4096;
  uint32_t hz = 250;  // of jiffies
  KernelFeatures features;
};

}  // namespace stapd
