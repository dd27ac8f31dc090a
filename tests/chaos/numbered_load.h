// Events that nobody else makes, numbered on each CPU by their maker: a recording of them shows
// what is missing, and an independent count says what must be there.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/marked_calls.h"

namespace stapd::test {

// Records "LABEL CPU NUMBER" at every event.
inline std::string numbered_script(const std::string& label) {
  return "probe kernel.trace(\"sys_enter\") { if ($id == " + std::to_string(marked_call()) +
         ") printf(\"" + label + " %d %d\\n\", cpu(), $regs->di) }\n";
}

class NumberedLoad {
 public:
  // One thread a CPU, paused.
  explicit NumberedLoad(int cpus) {
    for (int cpu = 0; cpu < cpus; ++cpu) makers_.push_back(std::make_unique<Maker>(cpu));
  }
  void run() {
    for (auto& maker : makers_) maker->wanted = true;
  }
  // Until every CPU has made events that began after the call.
  void wait_for_more() {
    for (auto& maker : makers_)
      for (uint64_t enough = maker->count + 2 * kBatch; maker->count < enough;)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  // No event is under way when it returns.
  void pause() {
    for (auto& maker : makers_) maker->wanted = false;
    for (auto& maker : makers_)
      while (maker->busy) std::this_thread::yield();
  }
  int cpus() const { return static_cast<int>(makers_.size()); }
  // While it pauses: how many were made; the next has this number.
  uint64_t made(int cpu) const { return makers_[static_cast<size_t>(cpu)]->count; }

 private:
  static constexpr int kBatch = 16;
  struct Maker {
    explicit Maker(int cpu) : thread([this, cpu] { work(cpu); }) {}
    ~Maker() {
      ending = true;
      thread.join();
    }
    void work(int cpu) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(static_cast<size_t>(cpu), &set);
      pthread_setaffinity_np(pthread_self(), sizeof set, &set);
      while (!ending) {
        busy = true;
        if (wanted)
          for (int i = 0; i < kBatch; ++i) ::syscall(marked_call(), count.fetch_add(1));
        busy = false;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
    std::atomic<bool> wanted = false, busy = false, ending = false;
    std::atomic<uint64_t> count = 0;
    std::thread thread;  // last: it uses the others
  };
  std::vector<std::unique_ptr<Maker>> makers_;
};

}  // namespace stapd::test
