#include "runtime/load/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/load/perf_event.h"

namespace stapd {
namespace {

Result<UniqueFd> link_event(const UniqueFd& event, int program) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  int fd = bpf_link_create(program, event.get(), BPF_PERF_EVENT, &options);
  if (fd < 0) return fail_errno("attaching", -fd);
  return UniqueFd(fd);
}

Result<Links> one_link(Result<UniqueFd> event, int program) {
  if (!event) return tl::unexpected(event.error());
  STAPD_ASSIGN(UniqueFd link, link_event(*event, program));
  Links links;
  links.push_back(std::move(link));
  return links;
}

Result<Links> attach_tracepoint(const std::string& name, int program) {
  int fd = bpf_raw_tracepoint_open(name.c_str(), program);
  if (fd < 0) {
    if (fd == -ENOENT) return failf(ErrorCode::not_found, "this kernel has no tracepoint {}", name);
    return fail_errno("attaching", -fd);
  }
  Links links;
  links.emplace_back(fd);
  return links;
}

Result<Links> attach_profile(const ProbeSpec& probe, int program) {
  STAPD_ASSIGN(std::vector<int> cpus, online_cpus());
  uint64_t frequency =
      probe.frequency ? probe.frequency : static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  Links links;
  for (int cpu : cpus) {
    STAPD_ASSIGN(UniqueFd event, open_cpu_clock_event(cpu, frequency));
    STAPD_ASSIGN(UniqueFd link, link_event(event, program));
    links.push_back(std::move(link));
  }
  return links;
}

Result<Links> attach_by_family(const ProbeSpec& probe, int program) {
  using Family = ProbeSpec::Family;
  switch (probe.family) {
    case Family::tracepoint:
      return attach_tracepoint(probe.name, program);
    case Family::process_begin:
      return attach_tracepoint("sched_process_exec", program);
    case Family::process_end:
      return attach_tracepoint("sched_process_exit", program);
    case Family::syscall:
      return one_link(open_tracepoint_event("syscalls/sys_enter_" + probe.name), program);
    case Family::syscall_return:
      return one_link(open_tracepoint_event("syscalls/sys_exit_" + probe.name), program);
    case Family::uprobe:
    case Family::uretprobe:
      return one_link(
          open_uprobe_event(probe.path, probe.offset, probe.family == Family::uretprobe, probe.pid),
          program);
    case Family::kprobe:
    case Family::kretprobe:
      return one_link(
          open_kprobe_event(probe.name, probe.offset, probe.family == Family::kretprobe), program);
    case Family::profile:
      return attach_profile(probe, program);
    default:
      break;
  }
  return fail(ErrorCode::internal, "not a probe of the kernel");
}

}  // namespace

Result<std::vector<int>> online_cpus() {
  // libbpf parses the mask of /sys/devices/system/cpu/online only internally.
  std::vector<int> cpus;
  long configured = sysconf(_SC_NPROCESSORS_CONF);
  for (int cpu = 0; cpu < configured; ++cpu) {
    std::string file = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online";
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    char state = '1';  // a CPU that cannot be taken off has no such file
    if (fd.valid() && ::read(fd.get(), &state, 1) != 1) state = '0';
    if (state == '1') cpus.push_back(cpu);
  }
  if (cpus.empty()) return fail(ErrorCode::io, "no CPU is online");
  return cpus;
}

Result<Links> attach(const ProbeSpec& probe, int program) {
  Result<Links> links = attach_by_family(probe, program);
  if (!links) return in_context("probe " + probe.point, links.error());
  return links;
}

Result<Links> attach_dispatch(const SyscallDispatch& dispatch, int program, int program_array,
                              const std::vector<std::pair<uint32_t, int>>& programs) {
  for (const auto& [number, handler] : programs)
    if (int error = bpf_map_update_elem(program_array, &number, &handler, BPF_ANY); error < 0)
      return fail_errno("filling the table of system calls", -error);
  return attach_tracepoint(dispatch.returns ? "sys_exit" : "sys_enter", program);
}

bool is_attached(int link) {
  bpf_link_info info = {};
  uint32_t length = sizeof info;
  return bpf_obj_get_info_by_fd(link, &info, &length) == 0 && info.prog_id != 0;
}

uint64_t recursion_misses(int program) {
  bpf_prog_info info = {};
  uint32_t length = sizeof info;
  return bpf_obj_get_info_by_fd(program, &info, &length) == 0 ? info.recursion_misses : 0;
}

}  // namespace stapd
