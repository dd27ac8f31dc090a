// The recorder survives: stapd is killed under load, the recording goes on, and the next stapd
// takes it over. Every event is counted by its maker too.
#include <random>

#include "runtime/load/metadata_pin.h"
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

SegmentLedger ledger_of(const MappedRecording& recording, uint32_t segment) {
  return recording.reader().read_new(segment, 0).ledger();
}

// Of the records that a CPU's segment still holds: one number after the other, up to the newest.
void expect_unbroken(const MappedRecording& recording, uint32_t segment) {
  SegmentCopy copy = recording.reader().read_new(segment, 0);
  ASSERT_TRUE(copy.ledger().exact);
  std::vector<uint64_t> numbers;
  for (const SegmentCopy::Entry& entry : copy.entries()) numbers.push_back(entry.number);
  std::sort(numbers.begin(), numbers.end());
  ASSERT_FALSE(numbers.empty());
  for (size_t i = 1; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], numbers[i - 1] + 1);
  EXPECT_EQ(numbers.back(), copy.ledger().produced);
}

// What the daemon itself adds to a CPU's segment when it adopts: the heartbeat.
constexpr uint64_t kHeartbeats = 1;

class Adoption : public testing::Test {
 protected:
  void SetUp() override {
    daemon_.add_profile("marked", "probe begin { printf(\"begins\\n\") }\n" + marked_script(),
                        "[Memory]\nSize=64K\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }

  // Nobody adds records any more: what was made is what is accounted for, on both CPUs.
  void expect_exact(const std::vector<uint64_t>& made, uint64_t adoptions) {
    auto recording = daemon_.client().open("marked");
    ASSERT_TRUE(recording) << daemon_.client().error();
    for (uint32_t cpu = 0; cpu < made.size(); ++cpu) {
      SegmentLedger ledger = ledger_of(*recording, cpu);
      EXPECT_EQ(ledger.produced, made[cpu] + adoptions * kHeartbeats) << "CPU " << cpu;
      EXPECT_EQ(ledger.produced, ledger.kept + ledger.overwritten) << "CPU " << cpu;
      EXPECT_EQ(ledger.in_flight, 0u);
      for (uint64_t dropped : ledger.dropped) EXPECT_EQ(dropped, 0u);
      expect_unbroken(*recording, cpu);
    }
  }

  DaemonUnderTest daemon_;
};

TEST_F(Adoption, AnOverrunRingIsAccountedForExactly) {
  MarkedCalls calls({0, 1}, 200'000);
  calls.join();
  expect_exact({calls.count(0), calls.count(1)}, 0);
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_EQ(statistics["Produced"], 400'001u) << "and what begin printed";
  EXPECT_EQ(statistics["Produced"], statistics["Kept"] + statistics["Overwritten"]);
  EXPECT_GT(statistics["Overwritten"], 300'000u);
}

TEST_F(Adoption, FiveSecondsWithoutADaemonLoseNothing) {
  MarkedCalls calls({0, 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  daemon_.kill_now();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  calls.stop();
  expect_exact({calls.count(0), calls.count(1)}, 1);
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_EQ(statistics["Adoptions"], 1u);
  EXPECT_GE(statistics["LastAwayNSec"], 5'000'000'000u);
  EXPECT_LT(statistics["LastAwayNSec"], 25'000'000'000u);
  EXPECT_EQ(statistics["AwayNSec"], statistics["LastAwayNSec"]);
  auto recording = daemon_.client().open("marked");
  EXPECT_EQ(recording->text().find("begins\n", 1), std::string::npos) << "begin ran once";
  EXPECT_NE(recording->text_of(RecordChannel::notice).find("stapd was away for"),
            std::string::npos);
}

TEST_F(Adoption, FiftyQuickRounds) {
  MarkedCalls calls({0, 1});
  constexpr uint64_t kRounds = 50;
  for (uint64_t round = 0; round < kRounds; ++round) {
    daemon_.kill_now();
    daemon_.start();
    ASSERT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
  }
  calls.stop();
  expect_exact({calls.count(0), calls.count(1)}, kRounds);
  EXPECT_EQ(daemon_.client().statistics("marked")["Adoptions"], kRounds);
}

TEST_F(Adoption, AReaderGoesOnWithoutTheDaemon) {
  auto recording = daemon_.client().open("marked");
  daemon_.kill_now();
  MarkedCalls calls({0}, 10);
  calls.join();
  EXPECT_EQ(ledger_of(*recording, 0).kept, 10u);
}

TEST_F(Adoption, SigtermLeavesItRecording) {
  EXPECT_EQ(daemon_.terminate(), 0);
  EXPECT_TRUE(daemon_.has_pins_of("marked"));
  MarkedCalls calls({0}, 10);
  calls.join();
  daemon_.start();
  EXPECT_EQ(ledger_of(*daemon_.client().open("marked"), 0).kept, 10 + kHeartbeats);
}

TEST_F(Adoption, WhenItEndsItSaysWhatGoesOnAndHowToEndIt) {
  daemon_.add_profile("another", "probe begin { println(1) }\n", "Start=manual\n");
  daemon_.add_profile("stopped", "probe begin { println(1) }\n", "Start=manual\n");
  daemon_.add_profile("unstarted", "probe begin { println(1) }\n", "Start=manual\n");
  ASSERT_TRUE(daemon_.client().start("another")) << daemon_.client().error();
  ASSERT_TRUE(daemon_.client().start("stopped")) << daemon_.client().error();
  ASSERT_TRUE(daemon_.client().stop("stopped"));
  EXPECT_EQ(daemon_.terminate(), 0);
  EXPECT_TRUE(
      daemon_.says("stapd: ends, and leaves recording: another marked; to end recordings, start "
                   "stapd and stapctl stop --all\n"))
      << daemon_.log();
}

TEST_F(Adoption, WhenNothingRecordsItEndsWithoutAWord) {
  EXPECT_EQ(daemon_.client().stop_all(), std::vector<std::string>{"marked"});
  std::string before = daemon_.log();
  EXPECT_EQ(daemon_.terminate(), 0);
  EXPECT_EQ(daemon_.log(), before);
}

TEST_F(Adoption, AChangedProfileIsSaidAndTheOldOneGoesOn) {
  daemon_.kill_now();
  daemon_.write("marked.stp", "probe begin { printf(\"another\\n\") }\n");
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  EXPECT_EQ(daemon_.client().open("marked")->text(), "begins\n");
  EXPECT_TRUE(daemon_.says("marked: changed; what records goes on as it was"));
}

TEST_F(Adoption, AProfileThatIsGoneIsKeptUntilItIsStopped) {
  daemon_.kill_now();
  std::filesystem::remove(daemon_.conf_folder() + "/marked.conf");
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  EXPECT_TRUE(daemon_.says("its profile is gone"));
  EXPECT_EQ(daemon_.client().text_property("marked", "Script"),
            daemon_.conf_folder() + "/marked.stp");
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(Adoption, ASessionThatEndedItselfMeanwhileIsEnded) {
  daemon_.add_profile("exits", on_marked_call("exit()") + "probe end { printf(\"bye\\n\") }\n",
                      "Start=manual\n");
  ASSERT_TRUE(daemon_.client().start("exits")) << daemon_.client().error();
  daemon_.kill_now();
  ::syscall(marked_call());
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("exits"), "stopped");
  EXPECT_EQ(daemon_.client().open("exits")->text(), "bye\n");
}

TEST_F(Adoption, TimersGoOn) {
  daemon_.add_profile("ticks", "global n\nprobe timer.ms(20) { printf(\"%d\\n\", n++) }\n",
                      "Start=manual\n");
  ASSERT_TRUE(daemon_.client().start("ticks"));
  auto recording = daemon_.client().open("ticks");
  ASSERT_TRUE(wait_until([&] { return recording->text().starts_with("0\n1\n"); }));
  daemon_.kill_now();
  size_t before = recording->text().size();
  daemon_.start();
  EXPECT_TRUE(wait_until([&] { return recording->text().size() > before + 4; }));
}

TEST_F(Adoption, WhatCannotBeTakenOverIsSweptAndStartsAgain) {
  daemon_.add_profile("other", marked_script(), "Start=manual\n");
  ASSERT_TRUE(daemon_.client().start("other"));
  daemon_.kill_now();
  std::filesystem::remove(daemon_.paths().session_pins("other") + "/metadata");
  std::filesystem::create_directory(daemon_.paths().session_pins("half") + "+new");
  std::filesystem::create_directory(daemon_.paths().session_pins("marked") + "+old");
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  EXPECT_TRUE(wait_until([&] { return daemon_.client().state_of("other") == "recording"; }))
      << "it was recording, though it does not start by itself";
  EXPECT_FALSE(std::filesystem::exists(daemon_.paths().session_pins("marked") + "+old"));
  EXPECT_FALSE(std::filesystem::exists(daemon_.paths().session_pins("half") + "+new"));
  EXPECT_TRUE(daemon_.says("removed " + daemon_.paths().session_pins("other")));
}

// Wherever it is killed: while it adopts, compiles, pins, runs begin, stops.
TEST_F(Adoption, KilledAtAnyMomentItLeavesNothingHalfMade) {
  for (int i = 0; i < 3; ++i)
    daemon_.add_profile("s" + std::to_string(i),
                        "probe begin { printf(\"begins\\n\") }\n" + marked_script());
  std::minstd_rand random(1);
  for (int round = 0; round < 40; ++round) {
    daemon_.kill_now();
    pid_t pid = daemon_.spawn();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    if (round % 4 == 3)
      if (auto client = daemon_.connect()) client->stop_all();
    kill(pid, SIGKILL);
    DaemonUnderTest::wait_for(pid);
  }
  daemon_.start();
  for (const char* name : {"marked", "s0", "s1", "s2"}) {
    ASSERT_TRUE(daemon_.client().start(name)) << name << ": " << daemon_.client().error();
    EXPECT_TRUE(daemon_.client().open(name)->text().starts_with("begins\n"));
  }
  EXPECT_EQ(daemon_.client().stop_all().size(), 4u);
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(Adoption, ALostProbeIsSaid) {
  daemon_.kill_now();
  ASSERT_TRUE(std::filesystem::remove(daemon_.paths().session_pins("marked") + "/link1_0"));
  daemon_.start();
  EXPECT_TRUE(daemon_.says("marked: was adopted, but does not record all it should"))
      << daemon_.log();
}

}  // namespace
}  // namespace stapd::test
