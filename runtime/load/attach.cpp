#include "runtime/load/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

#include "runtime/load/perf_event.h"
#include "runtime/load/uprobe_multi.h"

namespace stapd {
namespace {

Result<UniqueFd> link_event(const UniqueFd& event, int program, uint64_t cookie) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.perf_event.bpf_cookie = cookie;
  int fd = bpf_link_create(program, event.get(), BPF_PERF_EVENT, &options);
  if (fd < 0) return fail_errno("attaching", -fd);
  return UniqueFd(fd);
}

Result<Links> one_link(Result<UniqueFd> event, int program, uint64_t cookie) {
  if (!event) return tl::unexpected(event.error());
  STAPD_ASSIGN(UniqueFd link, link_event(*event, program, cookie));
  Links links;
  links.push_back(std::move(link));
  return links;
}

Result<Links> attach_profile(const ProbeSpec& probe, int program) {
  STAPD_ASSIGN(std::vector<int> cpus, online_cpus());
  uint64_t frequency =
      probe.frequency ? probe.frequency : static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  Links links;
  for (int cpu : cpus) {
    STAPD_ASSIGN(UniqueFd event, open_cpu_clock_event(cpu, frequency));
    STAPD_ASSIGN(UniqueFd link, link_event(event, program, 0));
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
      return one_link(open_tracepoint_event("syscalls/sys_enter_" + probe.name), program, 0);
    case Family::syscall_return:
      return one_link(open_tracepoint_event("syscalls/sys_exit_" + probe.name), program, 0);
    case Family::uprobe:
    case Family::uretprobe:
      return one_link(
          open_uprobe_event(probe.path, probe.offset, probe.family == Family::uretprobe, probe.pid),
          program, probe.cookie);
    case Family::kprobe:
    case Family::kretprobe:
      return one_link(
          open_kprobe_event(probe.name, probe.offset, probe.family == Family::kretprobe), program,
          probe.cookie);
    case Family::profile:
      return attach_profile(probe, program);
    default:
      break;
  }
  return fail(ErrorCode::internal, "not a probe of the kernel");
}

// A probe whose hook is one of the image's dispatches.
bool is_dispatched(const ProgramImage& image, const ProbeSpec& probe) {
  ProgramContext context = image.programs[*probe.program].context;
  return context == ProgramContext::raw_syscall || context == ProgramContext::raw_syscall_return;
}

bool joins_places(const ProgramImage& image, const ProbeSpec& probe) {
  return image.programs[*probe.program].context == ProgramContext::user_registers_multi;
}

}  // namespace

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

std::vector<ProbeGroup> group_probes(const ProgramImage& image) {
  std::vector<ProbeGroup> groups;
  using Key = std::tuple<uint32_t, ProbeSpec::Family, std::string, std::optional<uint32_t>>;
  std::map<Key, size_t> known;
  for (const ProbeSpec& probe : image.probes) {
    if (runs_in_daemon(probe.family) || !probe.program || is_dispatched(image, probe)) continue;
    if (joins_places(image, probe)) {
      auto [group, is_new] = known.try_emplace(
          {*probe.program, probe.family, probe.path, probe.condition}, groups.size());
      if (!is_new) {
        groups[group->second].push_back(&probe);
        continue;
      }
    }
    groups.push_back({&probe});
  }
  return groups;
}

ProbeGroup dispatched_probes(const ProgramImage& image, const SyscallDispatch& dispatch) {
  ProbeGroup group;
  for (const ProbeSpec& probe : image.probes) {
    bool at_return = probe.family == ProbeSpec::Family::syscall_return;
    if (probe.program && is_dispatched(image, probe) && at_return == dispatch.returns)
      group.push_back(&probe);
  }
  return group;
}

Result<Links> attach_group(const ProgramImage& image, const ProbeGroup& group, int program) {
  if (!joins_places(image, *group[0])) return attach_by_family(*group[0], program);
  UprobePlaces places;
  places.path = group[0]->path;
  places.at_return = group[0]->family == ProbeSpec::Family::uretprobe;
  for (const ProbeSpec* probe : group) {
    places.offsets.push_back(probe->offset);
    places.cookies.push_back(probe->cookie);
  }
  int fd = create_uprobe_multi_link(program, places);
  if (fd < 0) return fail_errno(places.path, -fd);
  Links links;
  links.emplace_back(fd);
  return links;
}

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
