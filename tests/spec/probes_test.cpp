// Probes on the functions of a program: every hit counts once, wherever the functions are and
// however many there are. The program is this one: children of the test call the functions so many
// times.
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/support/recording_test.h"

#define PROBED extern "C" __attribute__((noinline, noclone, visibility("default")))

// An empty asm keeps the compiler from seeing that nothing happens.
PROBED int stapd_probed_one(int n) {
  asm volatile("" : "+r"(n));
  return n + 1;
}
PROBED int stapd_probed_two(int n) {
  asm volatile("" : "+r"(n));
  return n + 2;
}
PROBED int stapd_probed_three(int n) {
  asm volatile("" : "+r"(n));
  return n + 3;
}
PROBED int stapd_recursive(int n) {
  if (n == 0) return 0;
  int deeper = stapd_recursive(n - 1);
  asm volatile("" : "+r"(deeper));  // nor that the recursion could be a loop
  return deeper + 1;
}

namespace stapd {
namespace {

constexpr int kRounds = 1000;

void call_all() {
  for (int i = 0; i < kRounds; ++i) {
    stapd_probed_one(i);
    if (i % 2 == 0) stapd_probed_two(i);
    if (i % 4 == 0) stapd_probed_three(i);
  }
}

using Probes = test::RecordingTest;
using test::program;
using test::run_in_child;

TEST_F(Probes, AWildcardHitsEachFunctionOnce) {
  start("global hits\nprobe " + program() +
        ".function(\"stapd_probed_*\") { hits[ppfunc()] <<< 1 }");
  run_in_child(call_all);
  ASSERT_TRUE(recorder_->stop());
  std::string hits = global("hits");
  EXPECT_NE(hits.find("[\"stapd_probed_one\"] @count=1000 "), hits.npos) << hits;
  EXPECT_NE(hits.find("[\"stapd_probed_two\"] @count=500 "), hits.npos) << hits;
  EXPECT_NE(hits.find("[\"stapd_probed_three\"] @count=250 "), hits.npos) << hits;
}

// The text says which function it was, though all have one program and one link.
TEST_F(Probes, HandlersThatDifferInTextShareAProgram) {
  start("probe " + program() +
        ".function(\"stapd_probed_*\") { printf(\"%s %d\\n\", ppfunc(), 7) }");
  EXPECT_EQ(recorder_->image().programs.size(), 2u);  // and the heartbeat's
  run_in_child(call_all);
  ASSERT_TRUE(recorder_->stop());
  std::map<std::string, int> expected = {{"stapd_probed_one 7\n", 1000},
                                         {"stapd_probed_two 7\n", 500},
                                         {"stapd_probed_three 7\n", 250}};
  EXPECT_EQ(printed_lines(), expected);
}

TEST_F(Probes, ReturnsOfRecursiveCalls) {
  start("global calls, returns\nprobe " + program() +
        ".function(\"stapd_recursive\") { calls <<< 1 }\nprobe " + program() +
        ".function(\"stapd_recursive\").return { returns <<< 1 }");
  run_in_child([] {
    for (int i = 0; i < 100; ++i) stapd_recursive(20);
  });
  ASSERT_TRUE(recorder_->stop());
  EXPECT_NE(global("calls").find("@count=2100 "), std::string::npos) << global("calls");
  EXPECT_NE(global("returns").find("@count=2100 "), std::string::npos) << global("returns");
}

TEST_F(Probes, SeveralProcessesAtOnce) {
  start("global hits\nprobe " + program() + ".function(\"stapd_probed_one\") { hits <<< 1 }");
  run_in_child([] {
    for (int i = 0; i < 4; ++i)
      if (fork() == 0) {
        call_all();
        _exit(0);
      }
    while (wait(nullptr) > 0) {
    }
  });
  ASSERT_TRUE(recorder_->stop());
  EXPECT_NE(global("hits").find("@count=4000 "), std::string::npos) << global("hits");
}

}  // namespace
}  // namespace stapd
