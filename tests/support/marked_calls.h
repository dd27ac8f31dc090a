// Events that nobody else makes and that their maker counts: calls of a system call number that the
// kernel does not have, from threads that are bound to a CPU each.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace stapd::test {

// Another number in every process, since tests run side by side.
inline long marked_call() {
  static const long number = 1'000'000 + static_cast<long>(std::random_device{}() % 900'000'000);
  return number;
}

// A probe that does this at every marked call.
inline std::string on_marked_call(const std::string& statement) {
  return "probe kernel.trace(\"sys_enter\") { if ($id == " + std::to_string(marked_call()) + ") " +
         statement + " }\n";
}
// Records the CPU of every marked call.
inline std::string marked_script() { return on_marked_call("printf(\"%d\\n\", cpu())"); }

class MarkedCalls {
 public:
  // On each of these CPUs until stop(), or `limit` calls on each.
  explicit MarkedCalls(std::vector<int> cpus, uint64_t limit = UINT64_MAX) : counts_(cpus.size()) {
    for (size_t i = 0; i < cpus.size(); ++i)
      threads_.emplace_back([this, i, cpu = cpus[i], limit] {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<size_t>(cpu), &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
        uint64_t count = 0;
        for (; count < limit && !ending_.load(std::memory_order_relaxed); ++count)
          ::syscall(marked_call());
        counts_[i] = count;
      });
  }
  ~MarkedCalls() { stop(); }
  MarkedCalls(const MarkedCalls&) = delete;
  MarkedCalls& operator=(const MarkedCalls&) = delete;

  // Lets those with a limit reach it.
  void join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  void stop() {
    ending_ = true;
    join();
  }
  // Once it has stopped: calls made on the n-th CPU.
  uint64_t count(size_t n) const { return counts_[n]; }

 private:
  std::atomic<bool> ending_ = false;
  std::vector<uint64_t> counts_;
  std::vector<std::thread> threads_;
};

}  // namespace stapd::test
