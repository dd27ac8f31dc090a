// Somebody removes an instance's folder in /run, with the lock, the socket and the notes of what
// was stopped: what records goes on, there is never a second stapd, and each time is said once.
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

class RunFolder : public testing::Test {
 protected:
  void SetUp() override {
    daemon_.add_profile("marked", marked_script());
    daemon_.start();
    ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "recording"; }));
  }

  std::string folder() const { return daemon_.paths().run_folder; }
  // Over a new connection.
  std::string state() {
    auto client = daemon_.connect();
    return client ? client->state_of("marked") : "no stapd";
  }
  size_t times_said(const std::string& text) const {
    std::string log = daemon_.log();
    size_t times = 0;
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++times;
    return times;
  }
  void expect_recording(uint64_t calls) {
    EXPECT_TRUE(wait_until([&] { return state() == "recording"; })) << daemon_.log();
    EXPECT_EQ(daemon_.client().statistics("marked")["Produced"], calls);
  }
  void expect_second_refused() {
    EXPECT_EQ(DaemonUnderTest::wait_for(daemon_.spawn()), 1);
    EXPECT_TRUE(daemon_.says("another stapd has " + daemon_.root() + " already"));
  }

  DaemonUnderTest daemon_;
};

TEST_F(RunFolder, RemovedItIsThereAgain) {
  constexpr uint64_t kCalls = 1000;
  for (uint64_t round = 1; round <= 3; ++round) {
    MarkedCalls(std::vector<int>{0}, kCalls).join();
    std::filesystem::remove_all(folder());
    EXPECT_TRUE(wait_until([&] { return times_said("somebody removed " + folder()) == round; }));
    expect_recording(round * kCalls);
    expect_second_refused();
  }
}

TEST_F(RunFolder, EveryPartOfItIsFoundAgain) {
  std::filesystem::remove(daemon_.paths().private_socket);
  EXPECT_TRUE(wait_until([&] { return state() == "recording"; })) << daemon_.log();
  expect_second_refused();
  std::filesystem::remove(daemon_.paths().lock);
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(daemon_.paths().lock); }));
  expect_second_refused();
  std::filesystem::rename(folder(), folder() + ".moved");
  EXPECT_TRUE(wait_until([&] { return state() == "recording"; })) << daemon_.log();
  expect_second_refused();
}

TEST_F(RunFolder, WhatWasStoppedStaysStopped) {
  ASSERT_TRUE(daemon_.client().stop("marked"));
  std::filesystem::remove_all(folder());
  ASSERT_TRUE(wait_until([&] { return times_said("somebody removed " + folder()) == 1; }));
  daemon_.kill_now();
  daemon_.start();
  EXPECT_TRUE(daemon_.says("marked: was stopped: it records when it is started"));
  EXPECT_EQ(state(), "inactive");
}

TEST_F(RunFolder, RemovedWhileNobodyIsThereNothingIsLost) {
  daemon_.kill_now();
  constexpr uint64_t kCalls = 1000;
  MarkedCalls(std::vector<int>{0}, kCalls).join();
  std::filesystem::remove_all(folder());
  daemon_.start();
  EXPECT_EQ(state(), "recording");
  auto recording = daemon_.client().open("marked");
  ASSERT_TRUE(recording);
  EXPECT_EQ(std::ranges::count(recording->text(), '\n'), static_cast<long>(kCalls));
}

// One that comes before the folder is there again takes the place of the first, which ends.
TEST_F(RunFolder, OneStapdIsLeftOfTwo) {
  std::filesystem::remove_all(folder());
  pid_t second = daemon_.spawn();
  int first_status = 0, second_status = 0;
  pid_t ended = -1;
  EXPECT_TRUE(wait_until([&] {
    if (waitpid(daemon_.pid(), &first_status, WNOHANG) == daemon_.pid()) ended = daemon_.pid();
    if (waitpid(second, &second_status, WNOHANG) == second) ended = second;
    return ended > 0;
  }));
  EXPECT_TRUE(daemon_.says("another stapd has " + daemon_.root() + " already"));
  EXPECT_TRUE(wait_until([&] { return state() == "recording"; })) << daemon_.log();
  if (ended == second) return;
  kill(second, SIGKILL);
  waitpid(second, nullptr, 0);
}

}  // namespace
}  // namespace stapd::test
