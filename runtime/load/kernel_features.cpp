#include "runtime/load/kernel_features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "runtime/base/unique_fd.h"
#include "runtime/load/uprobe_multi.h"

namespace stapd {
namespace {

constexpr bpf_insn kReturnZero[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT},
};

UniqueFd load(bpf_prog_type type, std::span<const bpf_insn> insns, uint32_t attach_type = 0) {
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(attach_type);
  return UniqueFd(
      ::bpf_prog_load(type, "stapd_probe", "GPL", insns.data(), insns.size(), &options));
}

Status check_rights() {
  if (load(BPF_PROG_TYPE_RAW_TRACEPOINT, kReturnZero).valid()) return {};
  if (errno == EPERM || errno == EACCES) {
    return fail(ErrorCode::permission_denied,
                "the kernel refuses BPF programs: root is needed, or CAP_BPF with CAP_PERFMON");
  }
  if (errno == ENOSYS) {
    return fail(ErrorCode::unsupported, "the kernel has no BPF (CONFIG_BPF_SYSCALL)");
  }
  return fail_errno("loading a BPF program", errno);
}

// Every record is reserved by one fetch-and-add on a mapped array.
Status check_atomics() {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = BPF_F_MMAPABLE;
  UniqueFd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "stapd_probe", 4, 4096, 1, &options));
  if (!map.valid()) {
    if (errno == EINVAL) {
      return fail(ErrorCode::unsupported,
                  "the kernel is too old: it cannot map BPF arrays (Linux 5.5 and later can)");
    }
    return fail_errno("creating a BPF array", errno);
  }
  const bpf_insn program[] = {
      {.code = BPF_LD | BPF_DW | BPF_IMM,
       .dst_reg = 1,
       .src_reg = BPF_PSEUDO_MAP_VALUE,
       .imm = map.get()},
      {},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
      {.code = BPF_STX | BPF_ATOMIC | BPF_DW,
       .dst_reg = 1,
       .src_reg = 0,
       .imm = BPF_ADD | BPF_FETCH},
      {.code = BPF_JMP | BPF_EXIT},
  };
  if (load(BPF_PROG_TYPE_RAW_TRACEPOINT, program).valid()) return {};
  if (errno != EINVAL) return fail_errno("loading a BPF program", errno);
  return fail(ErrorCode::unsupported,
              "the kernel is too old: BPF programs have no atomic operations with a result "
              "(Linux 5.12 and later have)");
}

bool has_helper(bpf_func_id helper) {
  return ::libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, helper, nullptr) == 1;
}

// A link of this type to a folder is refused with EBADF by a kernel that knows the type.
bool has_uprobe_multi() {
  UniqueFd program = load(BPF_PROG_TYPE_KPROBE, kReturnZero, kTraceUprobeMulti);
  if (!program.valid()) return false;
  return create_uprobe_multi_link(program.get(), {"/", {0}, {0}}) == -EBADF;
}

// The event source that kprobes are opened by is there exactly when the kernel has them.
bool has_kprobes() { return ::access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0; }

}  // namespace

Status probe_kernel_features(KernelFeatures& features) {
  STAPD_TRY(check_rights());
  STAPD_TRY(check_atomics());
  features.bpf_loop = has_helper(BPF_FUNC_loop);
  features.for_each_map_elem = has_helper(BPF_FUNC_for_each_map_elem);
  features.lookup_percpu_elem = has_helper(BPF_FUNC_map_lookup_percpu_elem);
  features.current_task_btf = has_helper(BPF_FUNC_get_current_task_btf);
  features.uprobe_multi = has_uprobe_multi();
  features.kprobes = has_kprobes();
  return {};
}

}  // namespace stapd
