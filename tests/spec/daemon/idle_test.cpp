// What a recording costs while nobody looks: nothing but the kernel's share.
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

// User and system time of the process, in clock ticks.
uint64_t cpu_ticks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  uint64_t user = 0, system = 0;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  fields >> user >> system;
  return user + system;
}

TEST(Idle, NobodyIsWokenUpWhileItRecords) {
  DaemonUnderTest daemon;
  daemon.add_profile("marked", marked_script(), "[Memory]\nSize=64K\n");
  daemon.start();
  ASSERT_TRUE(daemon.client().start("marked")) << daemon.client().error();
  auto recording = daemon.client().open("marked");
  // What was asked for is done when it sleeps again.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  uint64_t wakeups = daemon.status_of("voluntary_ctxt_switches");
  uint64_t ticks = cpu_ticks(daemon.pid());
  MarkedCalls calls({0, 1});
  std::this_thread::sleep_for(std::chrono::seconds(3));
  calls.stop();
  EXPECT_EQ(daemon.status_of("voluntary_ctxt_switches"), wakeups);
  EXPECT_EQ(cpu_ticks(daemon.pid()), ticks);
  EXPECT_GE(recording->reader().counters(0).produced, calls.count(0));
  EXPECT_GT(calls.count(0), 1000u);
}

// Without the rings, whose pages are memory of the maps, which the daemon only looks at.
uint64_t resident_kb(pid_t pid) {
  uint64_t resident = 0;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/smaps");
  bool of_map = false;
  for (std::string line; std::getline(maps, line);) {
    bool is_head = line.find('-') < line.find(' ') && line.find(':') > line.find(' ');
    if (is_head) of_map = line.find("bpf-map") != std::string::npos;
    if (!of_map && line.starts_with("Rss:")) resident += std::stoull(line.substr(4));
  }
  return resident;
}

TEST(Idle, TenSessionsFitInTenMegabytes) {
  DaemonUnderTest daemon;
  for (int i = 0; i < 10; ++i)
    daemon.add_profile("s" + std::to_string(i),
                       "global a\nprobe begin { printf(\"begins\\n\") }\n" + marked_script() +
                           "probe kernel.trace(\"sched_process_exec\") { a[execname()]++ }\n"
                           "probe end { foreach (n in a-) printf(\"%s %d\\n\", n, a[n]) }\n");
  daemon.start();
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(daemon.client().start("s" + std::to_string(i))) << daemon.client().error();
  uint64_t started = resident_kb(daemon.pid());
  daemon.kill_now();
  daemon.start();
  ASSERT_EQ(daemon.client().state_of("s9"), "recording");
  uint64_t adopted = resident_kb(daemon.pid());
  RecordProperty("started_kb", static_cast<int>(started));
  RecordProperty("adopted_kb", static_cast<int>(adopted));
  EXPECT_GT(started, 1'000u);
  EXPECT_LT(started, 10'000u);
  EXPECT_LT(adopted, 10'000u);
}

}  // namespace
}  // namespace stapd::test
