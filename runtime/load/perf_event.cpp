#include "runtime/load/perf_event.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>

namespace stapd {
namespace {

Result<UniqueFd> open_event(perf_event_attr& attr, int pid, int cpu, const std::string& what) {
  attr.size = sizeof attr;
  long fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return fail_errno(what, errno);
  return UniqueFd(static_cast<int>(fd));
}

Result<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return failf(ErrorCode::not_found, "{}: not to be read", path);
  return number;
}

// Which bit of config asks for the return: "config:0" in the PMU's description.
Result<uint64_t> return_flag(const std::string& pmu) {
  std::ifstream file("/sys/bus/event_source/devices/" + pmu + "/format/retprobe");
  std::string text;
  std::getline(file, text);
  size_t colon = text.find(':');
  if (colon == std::string::npos)
    return failf(ErrorCode::unsupported, "the kernel's {} event has no return probes", pmu);
  return uint64_t{1} << std::stoul(text.substr(colon + 1));
}

// kprobe and uprobe are event sources of their own: config1 is the name, config2 the offset.
Result<UniqueFd> open_probe_event(const std::string& pmu, const std::string& name, uint64_t offset,
                                  bool at_return, int pid) {
  Result<uint64_t> type = read_number("/sys/bus/event_source/devices/" + pmu + "/type");
  if (!type)
    return failf(ErrorCode::unsupported, "this kernel has no {}s (CONFIG_{}_EVENTS)", pmu,
                 pmu == "kprobe" ? "KPROBE" : "UPROBE");
  perf_event_attr attr = {};
  attr.type = static_cast<uint32_t>(*type);
  if (at_return) {
    STAPD_ASSIGN(attr.config, return_flag(pmu));
  }
  attr.config1 = reinterpret_cast<uint64_t>(name.c_str());
  attr.config2 = offset;
  return open_event(attr, pid, pid < 0 ? 0 : -1, name);
}

}  // namespace

std::string tracefs_folder() {
  for (const char* folder : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
    if (access((std::string(folder) + "/events").c_str(), F_OK) == 0) return folder;
  return "";
}

Result<UniqueFd> open_tracepoint_event(const std::string& name) {
  std::string folder = tracefs_folder();
  if (folder.empty())
    return fail(ErrorCode::unsupported,
                "tracefs is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)");
  Result<uint64_t> id = read_number(folder + "/events/" + name + "/id");
  if (!id) return failf(ErrorCode::not_found, "this kernel has no tracepoint {}", name);
  perf_event_attr attr = {};
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = *id;
  return open_event(attr, -1, 0, name);
}

Result<UniqueFd> open_cpu_clock_event(int cpu, uint64_t frequency) {
  perf_event_attr attr = {};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.freq = 1;
  attr.sample_freq = frequency;
  return open_event(attr, -1, cpu, "the CPU clock");
}

Result<UniqueFd> open_uprobe_event(const std::string& path, uint64_t offset, bool at_return,
                                   int pid) {
  return open_probe_event("uprobe", path, offset, at_return, pid);
}

Result<UniqueFd> open_kprobe_event(const std::string& symbol, uint64_t offset, bool at_return) {
  return open_probe_event("kprobe", symbol, offset, at_return, -1);
}

}  // namespace stapd
