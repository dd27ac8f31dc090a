// Loads one of the hand-written peers and keeps it attached until stdin ends:
//   bench_peer OBJECT syscall | OBJECT tracepoint | OBJECT call PROGRAM FUNCTION
// Says "armed" when the program is attached and, at the end, "dropped N": the events that found the
// ring full. Nobody reads the ring: the reader's position is moved, so that the cost is the
// recording side's alone.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// At 16 MiB and 48 bytes an event, the fastest producer takes four times as long to fill the ring.
constexpr int kMoveEveryMilliseconds = 10;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "bench_peer: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// The positions of a BPF ring buffer: a page that the reader writes, then one that the kernel does.
class RingPositions {
 public:
  explicit RingPositions(int map) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void* consumer = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    void* producer = mmap(nullptr, page, PROT_READ, MAP_SHARED, map, static_cast<off_t>(page));
    if (consumer == MAP_FAILED || producer == MAP_FAILED) give_up("mapping the ring");
    consumer_ = static_cast<std::atomic<uint64_t>*>(consumer);
    producer_ = static_cast<const std::atomic<uint64_t>*>(producer);
  }

  void discard_all() {
    consumer_->store(producer_->load(std::memory_order_acquire), std::memory_order_release);
  }

 private:
  std::atomic<uint64_t>* consumer_;
  const std::atomic<uint64_t>* producer_;
};

bpf_object* load(const char* path, const std::string& program_name) {
  bpf_object* object = bpf_object__open_file(path, nullptr);
  if (object == nullptr) give_up(path);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    bpf_program__set_autoload(program, bpf_program__name(program) == program_name);
  }
  if (bpf_object__load(object) != 0) give_up("loading");
  return object;
}

void attach(bpf_program* program, char** argv) {
  bpf_link* link = nullptr;
  if (std::strcmp(argv[2], "syscall") == 0) {
    link = bpf_program__attach_raw_tracepoint(program, "sys_enter");
  } else if (std::strcmp(argv[2], "tracepoint") == 0) {
    link = bpf_program__attach_tracepoint(program, "raw_syscalls", "sys_enter");
  } else {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = argv[4]);
    link = bpf_program__attach_uprobe_opts(program, -1, argv[3], 0, &options);
  }
  if (link == nullptr) give_up("attaching");
}

uint64_t read_dropped(const bpf_object* object) {
  const bpf_map* data = bpf_object__find_map_by_name(object, ".bss");
  uint64_t dropped = 0;
  const uint32_t key = 0;
  if (data == nullptr || bpf_map__lookup_elem(data, &key, sizeof key, &dropped, sizeof dropped, 0))
    give_up("reading the number of dropped events");
  return dropped;
}

// Until stdin is closed.
void keep_moving(RingPositions* ring) {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  while (poll(&input, 1, ring != nullptr ? kMoveEveryMilliseconds : -1) == 0) ring->discard_all();
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_call = argc > 2 && std::strcmp(argv[2], "call") == 0;
  if (argc != (is_call ? 5 : 3)) {
    std::fprintf(stderr, "usage: bench_peer OBJECT syscall|tracepoint|call PROGRAM FUNCTION\n");
    return 2;
  }
  const std::string program_name = std::string("peer_") + argv[2];
  bpf_object* object = load(argv[1], program_name);
  bpf_program* program = bpf_object__find_program_by_name(object, program_name.c_str());
  if (program == nullptr) give_up(program_name.c_str());
  const bpf_map* map = bpf_object__find_map_by_name(object, "ring");
  attach(program, argv);
  std::puts("armed");
  std::fflush(stdout);
  if (map != nullptr) {
    RingPositions ring(bpf_map__fd(map));
    keep_moving(&ring);
    std::printf("dropped %llu\n", static_cast<unsigned long long>(read_dropped(object)));
  } else {
    keep_moving(nullptr);
  }
  return 0;
}
