#include "runtime/load/load_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>

#include "runtime/load/kernel_btf.h"
#include "runtime/load/uprobe_multi.h"
#include "runtime/record/record_layout.h"

namespace stapd {
namespace {

constexpr size_t kLogSize = 1 << 20;

struct KernelProgramType {
  bpf_prog_type type;
  uint32_t attach_type;
};

KernelProgramType kernel_type(ProgramContext context) {
  switch (context) {
    case ProgramContext::raw_tracepoint:
    case ProgramContext::raw_syscall:
    case ProgramContext::raw_syscall_return:
      return {BPF_PROG_TYPE_RAW_TRACEPOINT, 0};
    case ProgramContext::syscall_tracepoint:
      return {BPF_PROG_TYPE_TRACEPOINT, 0};
    case ProgramContext::user_registers:
    case ProgramContext::kernel_registers:
      return {BPF_PROG_TYPE_KPROBE, 0};
    case ProgramContext::user_registers_multi:
      return {BPF_PROG_TYPE_KPROBE, kTraceUprobeMulti};
    case ProgramContext::perf_event:
      return {BPF_PROG_TYPE_PERF_EVENT, 0};
  }
  return {BPF_PROG_TYPE_UNSPEC, 0};
}

void relocate(const Relocation& relocation, const MapSet& maps, std::vector<bpf_insn>& insns) {
  bpf_insn& insn = insns[relocation.insn];
  switch (relocation.kind) {
    case Relocation::Kind::map:
      insn.src_reg = BPF_PSEUDO_MAP_FD;
      insn.imm = maps.fd(relocation.map);
      break;
    case Relocation::Kind::map_value:
      insn.src_reg = BPF_PSEUDO_MAP_VALUE;
      insn.imm = maps.fd(relocation.map);
      insns[relocation.insn + 1].imm = static_cast<int32_t>(relocation.value);
      break;
    case Relocation::Kind::ring_mask:
      insn.imm = static_cast<int32_t>(maps.ring_shape().segment_size - 8);
      break;
    case Relocation::Kind::ring_half:
      insn.imm = static_cast<int32_t>(maps.ring_shape().segment_size / 2 / kUnit);
      break;
    case Relocation::Kind::daemon_segment:
    case Relocation::Kind::possible_cpus:
      insn.imm = static_cast<int32_t>(maps.ring_shape().segments - 1);
      break;
  }
}

// The log's last lines, and the script line that the last instruction in them was made for.
std::string refusal(const ProgramImage& image, const ProgramSpec& program, const std::string& log,
                    int errnum) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < log.size();) {
    size_t end = std::min(log.find('\n', at), log.size());
    lines.push_back(log.substr(at, end - at));
    at = end + 1;
  }
  uint32_t where = 0;
  for (auto line = lines.rbegin(); line != lines.rend() && where == 0; ++line) {
    char* end = nullptr;
    unsigned long insn = std::strtoul(line->c_str(), &end, 10);
    if (end == line->c_str() || *end != ':') continue;
    for (const auto& [first, position] : program.lines)
      if (first <= insn) where = position;
    break;
  }
  std::string message =
      fmt::format("the kernel refuses the program for {}: {}", program.name, std::strerror(errnum));
  if (where < image.source_map.size() && image.source_map[where].line > 0) {
    const SourcePosition& position = image.source_map[where];
    message += fmt::format(" (near {}:{}:{})", position.file, position.line, position.column);
  }
  size_t first = lines.size() > 30 ? lines.size() - 30 : 0;
  for (size_t i = first; i < lines.size(); ++i) message += "\n  " + lines[i];
  return message;
}

std::string kernel_name(const std::string& name) {
  std::string result = name.substr(0, BPF_OBJ_NAME_LEN - 1);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); },
      '_');
  return result;
}

}  // namespace

Result<UniqueFd> load_program(const ProgramImage& image, const ProgramSpec& program,
                              const MapSet& maps) {
  std::vector<bpf_insn> insns(program.insns.size());
  std::memcpy(insns.data(), program.insns.data(), insns.size() * sizeof(bpf_insn));
  for (const Relocation& relocation : program.relocations) relocate(relocation, maps, insns);
  KernelProgramType type = kernel_type(program.context);
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(type.attach_type);
  SubprogramBtf btf;
  if (program.subprograms.size() > 1) {
    STAPD_ASSIGN(btf, load_subprogram_btf(program));
    options.prog_btf_fd = static_cast<uint32_t>(btf.fd.get());
    options.func_info = btf.func_info.data();
    options.func_info_cnt = static_cast<uint32_t>(btf.func_info.size() / 2);
    options.func_info_rec_size = 8;
  }
  std::string name = kernel_name(program.name);
  int fd =
      bpf_prog_load(type.type, name.c_str(), "Dual BSD/GPL", insns.data(), insns.size(), &options);
  if (fd >= 0) return UniqueFd(fd);
  int errnum = -fd;
  if (errnum == EPERM || errnum == ENOMEM) return fail_errno("loading a program", errnum);
  std::string log(kLogSize, '\0');
  options.log_level = 1;
  options.log_buf = log.data();
  options.log_size = static_cast<uint32_t>(log.size());
  fd = bpf_prog_load(type.type, name.c_str(), "Dual BSD/GPL", insns.data(), insns.size(), &options);
  if (fd >= 0) return UniqueFd(fd);
  log.resize(std::strlen(log.c_str()));
  return fail(ErrorCode::internal, refusal(image, program, log, errnum));
}

Status run_program(int program, const std::vector<uint64_t>& arguments) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.ctx_in = arguments.empty() ? nullptr : arguments.data();
  options.ctx_size_in = static_cast<uint32_t>(arguments.size() * sizeof(uint64_t));
  if (int error = bpf_prog_test_run_opts(program, &options); error < 0)
    return fail_errno("running a handler in the kernel", -error);
  return {};
}

Status run_program_on(int program, int cpu) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.flags = BPF_F_TEST_RUN_ON_CPU;
  options.cpu = static_cast<uint32_t>(cpu);
  if (int error = bpf_prog_test_run_opts(program, &options); error < 0)
    return fail_errno(fmt::format("running a program on CPU {}", cpu), -error);
  return {};
}

}  // namespace stapd
