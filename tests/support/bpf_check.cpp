// What a test host can do with BPF, tried out with the smallest programs there are: each counts the
// hits of its hook in a map. Knows nothing of stapd, so that a failure here is the host's or the
// harness's.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kRounds = 1000;

[[noreturn]] void give_up(const std::string& what, int errnum) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errnum)));
}

int checked(int fd, const std::string& what) {
  if (fd < 0) give_up(what, errno);
  return fd;
}

bpf_insn insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm) {
  return {code, static_cast<uint8_t>(dst & 0xf), static_cast<uint8_t>(src & 0xf), off, imm};
}

// r0 = &map[0]; if (r0) lock *(u64*)r0 += 1; return 0. Two instructions load the map.
std::vector<bpf_insn> counting_program(int map) {
  return {
      insn(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
      insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
      insn(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
      insn(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
      insn(0, 0, 0, 0, 0),
      insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      insn(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
      insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
      insn(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD),
      insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
      insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
}

struct Counter {
  int map = -1;
  int program = -1;
};

Counter load_counter(bpf_prog_type type, bpf_prog_load_opts* options = nullptr) {
  Counter counter;
  counter.map = checked(bpf_map_create(BPF_MAP_TYPE_ARRAY, "hits", 4, 8, 1, nullptr), "map");
  const std::vector<bpf_insn> program = counting_program(counter.map);
  counter.program = checked(
      bpf_prog_load(type, "count", "GPL", program.data(), program.size(), options), "the verifier");
  return counter;
}

// Runs `trigger` kRounds times and says whether the program counted at least as many.
void expect_hits(const Counter& counter, const std::string& hook,
                 const std::function<void()>& trigger) {
  for (int round = 0; round < kRounds; ++round) trigger();
  uint32_t key = 0;
  uint64_t hits = 0;
  checked(bpf_map_lookup_elem(counter.map, &key, &hits), "reading the map");
  if (hits < kRounds)
    throw std::runtime_error(fmt::format("{}: {} hits, at least {} expected", hook, hits, kRounds));
  fmt::print("{}: {} hits\n", hook, hits);
}

void read_dev_null() {
  static const int fd = checked(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
  char byte;
  if (read(fd, &byte, 1) < 0) give_up("read", errno);
}

void check_tracepoint() {
  const Counter counter = load_counter(BPF_PROG_TYPE_RAW_TRACEPOINT);
  checked(bpf_raw_tracepoint_open("sys_enter", counter.program), "raw tracepoint");
  expect_hits(counter, "raw tracepoint sys_enter", [] { syscall(SYS_getppid); });
}

void check_kprobe(const char* function) {
  const Counter counter = load_counter(BPF_PROG_TYPE_KPROBE);
  perf_event_attr attr{};
  attr.size = sizeof attr;
  std::ifstream("/sys/bus/event_source/devices/kprobe/type") >> attr.type;
  if (attr.type == 0) throw std::runtime_error("this kernel has no kprobes");
  attr.kprobe_func = reinterpret_cast<uint64_t>(function);
  const int event = checked(
      static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)),
      fmt::format("kprobe on {}", function));
  checked(bpf_link_create(counter.program, event, BPF_PERF_EVENT, nullptr), "attaching");
  expect_hits(counter, fmt::format("kprobe {}", function), read_dev_null);
}

void check_fentry(const char* function) {
  const int type = libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY);
  if (type < 0) give_up(fmt::format("{} in the kernel's BTF", function), -type);
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
              .attach_btf_id = static_cast<uint32_t>(type));
  const Counter counter = load_counter(BPF_PROG_TYPE_TRACING, &options);
  checked(bpf_raw_tracepoint_open(nullptr, counter.program), "attaching");
  expect_hits(counter, fmt::format("fentry {}", function), read_dev_null);
}

void check_btf() {
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) give_up("/sys/kernel/btf/vmlinux", errno);
  const int task = btf__find_by_name_kind(types, "task_struct", BTF_KIND_STRUCT);
  if (task < 0) give_up("struct task_struct in the kernel's BTF", -task);
  fmt::print("BTF: {} types, task_struct has {} members\n", btf__type_cnt(types) - 1,
             btf_vlen(btf__type_by_id(types, static_cast<uint32_t>(task))));
  btf__free(types);
}

void pin_program(const char* path) {
  const Counter counter = load_counter(BPF_PROG_TYPE_RAW_TRACEPOINT);
  checked(bpf_obj_pin(counter.program, path), path);
}

int run(const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "tracepoint" && words.size() == 1) {
    check_tracepoint();
  } else if (verb == "btf" && words.size() == 1) {
    check_btf();
  } else if (verb == "kprobe" && words.size() == 2) {
    check_kprobe(words[1].c_str());
  } else if (verb == "fentry" && words.size() == 2) {
    check_fentry(words[1].c_str());
  } else if (verb == "pin" && words.size() == 2) {
    pin_program(words[1].c_str());
  } else {
    fmt::print(stderr, "usage: bpf_check tracepoint | btf | kprobe F | fentry F | pin PATH\n");
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "bpf_check: {}\n", error.what());
    return 1;
  }
}
