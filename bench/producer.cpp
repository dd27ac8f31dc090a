// Produces the events that the bench measures, and says what they cost: a loop of the cheapest
// system call, or of a call to a function that others probe. Reads commands from stdin, one a line:
//   syscall MS | call MS     loops for MS milliseconds; prints MEDIAN MIN MEAN CALLS (ns a call)
//   tracepoint MS            likewise, through an event of LTTng's; only in bench_lttng_producer
//   paced MS RATE            system calls with an argument, RATE a second; prints how many
//   watch MS NS              calls until a call costs more than NS; prints when, or "never"
//   pid                      prints our process id
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#ifdef STAPD_BENCH_LTTNG
extern "C" {
#include "bench/peers/lttng/provider.h"
}
#endif

// What a probe on a function meets in most programs: an entry that pushes the frame pointer, which
// the kernel emulates. Written out, so that no compiler option changes it.
extern "C" void bench_hook();
#if defined(__x86_64__)
asm(".text\n"
    ".globl bench_hook\n"
    ".type bench_hook, @function\n"
    "bench_hook:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n"
    "  pop %rbp\n"
    "  ret\n"
    ".size bench_hook, . - bench_hook\n");
#else
extern "C" __attribute__((noinline, visibility("default"))) void bench_hook() {
  asm volatile("" ::: "memory");
}
#endif

namespace {

// Long enough that reading the clock does not show, short enough that most batches of a busy host
// are not interrupted.
constexpr int kBatch = 1000;

// CLOCK_MONOTONIC: what the bench stamps its own steps with.
int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void produce_syscall() { syscall(SYS_getppid); }

#ifdef STAPD_BENCH_LTTNG
// The values are at hand, as they are in a program that traces itself.
void produce_tracepoint() {
  static const int pid = getpid();
  static const int uid = static_cast<int>(getuid());
  tracepoint(stapd_bench, hit, pid, pid, uid, "bench_producer");
}
#endif

template <void (*produce)()>
double ns_per_call(int calls) {
  const int64_t start = now_ns();
  for (int call = 0; call < calls; ++call) produce();
  return static_cast<double>(now_ns() - start) / calls;
}

template <void (*produce)()>
void run_for(int64_t milliseconds) {
  std::vector<double> batches;
  const int64_t end = now_ns() + milliseconds * 1'000'000;
  do {
    batches.push_back(ns_per_call<produce>(kBatch));
  } while (now_ns() < end);
  const double mean = std::accumulate(batches.begin(), batches.end(), 0.0) / batches.size();
  std::sort(batches.begin(), batches.end());
  std::printf("%.2f %.2f %.2f %zu\n", batches[batches.size() / 2], batches.front(), mean,
              batches.size() * kBatch);
}

// A single slow batch is an interruption; a probe makes them all slow.
void watch(int64_t milliseconds, double threshold_ns) {
  constexpr int kSlowBatches = 3;
  const int64_t end = now_ns() + milliseconds * 1'000'000;
  int64_t first_slow = 0;
  int slow = 0;
  while (slow < kSlowBatches) {
    const int64_t start = now_ns();
    if (start > end) {
      std::puts("never");
      return;
    }
    if (ns_per_call<bench_hook>(32) > threshold_ns) {
      if (slow++ == 0) first_slow = start;
    } else {
      slow = 0;
    }
  }
  std::printf("%lld\n", static_cast<long long>(first_slow));
}

// At random moments, with an argument that is random as latencies are: what can be compressed is
// what could be of a real recording.
void run_paced(int64_t milliseconds, double rate) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> latency(1.0 / 50'000), gap(rate / 1e9);
  const int64_t start = now_ns(), end = start + milliseconds * 1'000'000;
  auto due = static_cast<double>(start);
  long long calls = 0;
  for (int64_t now = start; now < end; now = now_ns()) {
    for (; due <= static_cast<double>(now); due += gap(random), ++calls)
      syscall(SYS_getppid, static_cast<long>(latency(random)));
  }
  std::printf("%lld\n", calls);
}

bool obey(const std::string& line) {
  char verb[16] = "";
  long long milliseconds = 0;
  double number = 0;
  std::sscanf(line.c_str(), "%15s %lld %lf", verb, &milliseconds, &number);
  if (std::strcmp(verb, "syscall") == 0) {
    run_for<produce_syscall>(milliseconds);
  } else if (std::strcmp(verb, "call") == 0) {
    run_for<bench_hook>(milliseconds);
#ifdef STAPD_BENCH_LTTNG
  } else if (std::strcmp(verb, "tracepoint") == 0) {
    run_for<produce_tracepoint>(milliseconds);
#endif
  } else if (std::strcmp(verb, "paced") == 0) {
    run_paced(milliseconds, number);
  } else if (std::strcmp(verb, "watch") == 0) {
    watch(milliseconds, number);
  } else if (std::strcmp(verb, "pid") == 0) {
    std::printf("%d\n", getpid());
  } else {
    std::fprintf(stderr, "bench_producer: what is '%s'?\n", line.c_str());
    return false;
  }
  std::fflush(stdout);
  return true;
}

bool pin_to_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !pin_to_cpu(std::atoi(argv[1]))) {
    std::fprintf(stderr, "usage: bench_producer CPU\n");
    return 2;
  }
  char line[128];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    if (!obey(line)) return 2;
  }
  return 0;
}
