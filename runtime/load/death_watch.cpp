#include "runtime/load/death_watch.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "runtime/load/load_program.h"
#include "runtime/load/pins.h"

namespace stapd {
namespace {

struct Watch {
  uint64_t pid_tgid = 0;  // of the initial pid namespace, whatever namespace we are in
  uint64_t died = 0;
};

constexpr bpf_insn load_map_value(uint8_t reg, int map) {
  return {.code = BPF_LD | BPF_DW | BPF_IMM,
          .dst_reg = reg,
          .src_reg = BPF_PSEUDO_MAP_VALUE,
          .imm = map};
}
constexpr bpf_insn call(int helper) { return {.code = BPF_JMP | BPF_CALL, .imm = helper}; }
constexpr bpf_insn store(uint8_t to, uint8_t from, size_t offset) {
  return {.code = BPF_STX | BPF_MEM | BPF_DW,
          .dst_reg = to,
          .src_reg = from,
          .off = static_cast<int16_t>(offset)};
}
constexpr bpf_insn kReturnZero[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
                                    {.code = BPF_JMP | BPF_EXIT}};

Result<UniqueFd> load(std::span<const bpf_insn> insns) {
  UniqueFd program(::bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "stapd_watch", "GPL", insns.data(),
                                   insns.size(), nullptr));
  if (!program.valid()) return fail_errno("loading the watch on the daemon", errno);
  return program;
}

// Run once by us: notes who we are.
Result<UniqueFd> load_register(int map) {
  const bpf_insn program[] = {
      call(BPF_FUNC_get_current_pid_tgid),    load_map_value(1, map), {},
      store(1, 0, offsetof(Watch, pid_tgid)), kReturnZero[0],         kReturnZero[1]};
  return load(program);
}

// At every exit of a thread: when it is the one, notes the time.
Result<UniqueFd> load_exit(int map) {
  const bpf_insn program[] = {
      call(BPF_FUNC_get_current_pid_tgid),
      load_map_value(6, map),
      {},
      {.code = BPF_LDX | BPF_MEM | BPF_DW,
       .dst_reg = 1,
       .src_reg = 6,
       .off = offsetof(Watch, pid_tgid)},
      {.code = BPF_JMP | BPF_JNE | BPF_X, .dst_reg = 0, .src_reg = 1, .off = 2},
      call(BPF_FUNC_ktime_get_boot_ns),
      store(6, 0, offsetof(Watch, died)),
      kReturnZero[0],
      kReturnZero[1]};
  return load(program);
}

}  // namespace

Status watch_this_process(const std::string& folder) {
  UniqueFd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "stapd_watch", 4, sizeof(Watch), 1, nullptr));
  if (!map.valid()) return fail_errno("making the watch on the daemon", errno);
  STAPD_ASSIGN(UniqueFd noting, load_register(map.get()));
  STAPD_TRY(run_program(noting.get(), {}));
  STAPD_ASSIGN(UniqueFd program, load_exit(map.get()));
  UniqueFd link(::bpf_raw_tracepoint_open("sched_process_exit", program.get()));
  if (!link.valid()) return fail_errno("watching for the daemon's exit", errno);
  STAPD_TRY(remove_pin_folder(folder));
  STAPD_TRY(make_pin_folder(folder));
  STAPD_TRY(pin_object(map.get(), folder + "/watch"));
  return pin_object(link.get(), folder + "/link");
}

std::optional<uint64_t> time_of_death(const std::string& folder) {
  Result<UniqueFd> map = open_pin(folder + "/watch");
  uint32_t key = 0;
  Watch watch;
  if (!map || ::bpf_map_lookup_elem(map->get(), &key, &watch) < 0 || !watch.died)
    return std::nullopt;
  return watch.died;
}

}  // namespace stapd
