// What stap leaves is seen, also when the kernel lost count of it or refuses to tell. A folder that
// is no session stands for one: it is swept as soon as it is looked at.
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/support/daemon_under_test.h"

namespace stapd::test {
namespace {

namespace fs = std::filesystem;

class PinWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    daemon_.add_profile("kept", "probe begin { println(1) }\n", "Start=manual\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("kept")) << daemon_.client().error();
  }
  std::string sessions() const { return daemon_.paths().sessions_folder(); }
  std::string stray() const { return sessions() + "/stray"; }
  // It looks at this folder, and has done what it did for that.
  void settle() {
    ASSERT_TRUE(sees_a_stray());
    for (int i = 0; i < 5; ++i) ASSERT_EQ(daemon_.client().state_of("kept"), "recording");
  }
  bool sees_a_stray() {
    fs::create_directories(stray());
    return wait_until([&] { return !fs::exists(stray()); });
  }
  size_t said(const std::string& text) const {
    std::string log = daemon_.log();
    size_t count = 0;
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  DaemonUnderTest daemon_;
};

TEST_F(PinWatchTest, WhatComesIsSeen) { EXPECT_TRUE(sees_a_stray()) << daemon_.log(); }

TEST_F(PinWatchTest, MoreThanTheKernelKeepsInMind) {
  uint64_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  ASSERT_GT(most, 0u);
  settle();
  kill(daemon_.pid(), SIGSTOP);
  std::string coming = sessions() + "/+coming";
  for (uint64_t i = 0; i < most; ++i) {
    ASSERT_EQ(mkdir(coming.c_str(), 0700), 0);
    ASSERT_EQ(rmdir(coming.c_str()), 0);
  }
  fs::create_directories(stray());
  kill(daemon_.pid(), SIGCONT);
  EXPECT_TRUE(wait_until([&] { return !fs::exists(stray()); })) << daemon_.log();
  EXPECT_TRUE(sees_a_stray()) << "it is told again";
  EXPECT_EQ(said("than the kernel keeps in mind"), 1u) << daemon_.log();
}

TEST_F(PinWatchTest, WhileTheKernelRefusesItLooksByItself) {
  settle();
  rlimit before{}, few{};
  ASSERT_EQ(prlimit(daemon_.pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  few = {3, before.rlim_max};
  ASSERT_EQ(prlimit(daemon_.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  fs::create_directories(stray());
  EXPECT_TRUE(wait_until([&] { return said("since the kernel does not tell") == 1; }))
      << daemon_.log();
  ASSERT_EQ(prlimit(daemon_.pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_TRUE(wait_until([&] { return !fs::exists(stray()); })) << daemon_.log();
  EXPECT_TRUE(sees_a_stray());
  EXPECT_EQ(said("since the kernel does not tell"), 1u) << daemon_.log();
  EXPECT_EQ(said("is told of the sessions of stap again"), 1u) << daemon_.log();
}

TEST_F(PinWatchTest, AFolderThatWasRemovedIsWatchedWhenItIsThereAgain) {
  ASSERT_TRUE(daemon_.client().stop("kept"));
  ASSERT_TRUE(wait_until([&] { return !daemon_.has_pins(); }));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(sees_a_stray()) << daemon_.log();
    fs::remove_all(daemon_.paths().pin_folder);
  }
}

}  // namespace
}  // namespace stapd::test
