// A session is restarted while it records: with another script, or another size of its ring. What
// was recorded before can still be read, and the change costs no event that it could have had.
#include <fcntl.h>
#include <sys/file.h>

#include <random>

#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

using Recordings = std::vector<std::unique_ptr<MappedRecording>>;

constexpr char kEnds[] = "probe end { printf(\"ends\\n\") }\n";

uint64_t produced_of(const MappedRecording& recording, uint32_t segment) {
  return recording.reader().read_new(segment, 0).ledger().produced;
}

class Restart : public testing::Test {
 protected:
  void SetUp() override {
    write_profile("first", "64K");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }

  void write_profile(const std::string& word, const std::string& size) {
    daemon_.add_profile("marked",
                        "probe begin { printf(\"" + word + " begins\\n\") }\n" + kEnds +
                            on_marked_call("printf(\"" + word + "\\n\")"),
                        "[Memory]\nSize=" + size + "\n");
  }
  // It writes files, too: as much as a session can have.
  void write_files_profile(const std::string& word) {
    write_profile(word, "64K\n[File]\nPath=" + daemon_.root() + "/out/rec");
  }
  void restart(const std::string& word, const std::string& size = "64K") {
    write_profile(word, size);
    ASSERT_TRUE(daemon_.client().restart("marked")) << daemon_.client().error();
  }
  static void call_once() { ::syscall(marked_call()); }
  // How many recordings can be read, and how many links the kernel has for it, by its pins.
  size_t pins_like(const std::string& part) {
    size_t count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(daemon_.paths().sessions_folder()))
      count += entry.path().string().find(part) != std::string::npos;
    return count;
  }

  DaemonUnderTest daemon_;
};

TEST_F(Restart, ANewScriptTakesTheOldOnesPlace) {
  call_once();
  restart("second");
  call_once();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\nsecond\n");
  Recordings earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), 1u);
  EXPECT_EQ(earlier[0]->text(), "first begins\nfirst\nends\n") << "what is replaced ends";
  EXPECT_EQ(daemon_.client().statistics("marked")["EarlierRecordings"], 1u);
  EXPECT_GT(pins_like("+earlier-"), 0u);
  EXPECT_EQ(pins_like("/link"), pins_like("/marked/link")) << "the old one's are gone";
}

TEST_F(Restart, ARingIsResized) {
  EXPECT_EQ(daemon_.client().open("marked")->ring_size() / 3, segment_value_size(64 << 10));
  call_once();
  restart("first", "256K");
  EXPECT_EQ(daemon_.client().open("marked")->ring_size() / 3, segment_value_size(256 << 10));
  EXPECT_EQ(daemon_.client().open_earlier("marked")[0]->text(), "first begins\nfirst\nends\n");
}

// What is handled at the moment of the change may be in both.
TEST_F(Restart, NoEventIsMissed) {
  constexpr int kRounds = 4;
  MarkedCalls calls({0});
  for (int round = 0; round < kRounds; ++round) restart("again" + std::to_string(round), "16M");
  calls.stop();
  uint64_t recorded = produced_of(*daemon_.client().open("marked"), 0);
  Recordings earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), size_t{kRounds});
  for (const auto& recording : earlier) recorded += produced_of(*recording, 0);
  EXPECT_GE(recorded, calls.count(0));
  EXPECT_LE(recorded, calls.count(0) + calls.count(0) / 100);
}

TEST_F(Restart, AWrongScriptChangesNothing) {
  daemon_.write("marked.stp", "probe begin { printn(1) }\n");
  EXPECT_FALSE(daemon_.client().restart("marked"));
  EXPECT_NE(daemon_.client().error().find("printn"), std::string::npos);
  call_once();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  EXPECT_EQ(daemon_.client().open("marked")->text(), "first begins\nfirst\n");
  EXPECT_TRUE(daemon_.client().open_earlier("marked").empty());
}

TEST_F(Restart, BeginHandlersThatFailChangeNothing) {
  daemon_.write("marked.stp", "probe begin { error(\"no good\") }\n" + marked_script());
  daemon_.write("marked.conf", "[Session]\nScript=marked.stp\nErrorBudget=0\n");
  EXPECT_FALSE(daemon_.client().restart("marked"));
  EXPECT_NE(daemon_.client().error().find("no good"), std::string::npos)
      << daemon_.client().error();
  call_once();
  EXPECT_EQ(daemon_.client().open("marked")->text(), "first begins\nfirst\n");
}

TEST_F(Restart, WhatDoesNotRecordIsStarted) {
  ASSERT_TRUE(daemon_.client().stop("marked"));
  restart("second");
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\n");
}

TEST_F(Restart, OnlySoManyAreKept) {
  for (int i = 0; i < 6; ++i) restart("round" + std::to_string(i));
  Recordings earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), 4u);
  EXPECT_EQ(earlier[0]->text(), "round1 begins\nends\n");
}

TEST_F(Restart, AFullRingNeedsNoneBeforeIt) {
  MarkedCalls(std::vector<int>{0, 1}, 10).join();
  restart("second");
  MarkedCalls(std::vector<int>{0, 1}, 100'000).join();
  EXPECT_TRUE(daemon_.client().open_earlier("marked").empty());
  EXPECT_EQ(pins_like("+earlier-"), 0u);
}

TEST_F(Restart, ItOutlivesTheDaemon) {
  call_once();
  restart("second");
  daemon_.kill_now();
  call_once();
  daemon_.start();
  Recordings earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), 1u) << daemon_.log();
  EXPECT_EQ(earlier[0]->text(), "first begins\nfirst\nends\n");
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\nsecond\n");
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_FALSE(daemon_.has_pins());
}

// As a compiler does that the dead stapd had forked at its last moment.
TEST_F(Restart, SomebodyHasTheDeadOnesLockForAMoment) {
  daemon_.kill_now();
  UniqueFd folder(open(daemon_.paths().session_pins("marked").c_str(), O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(flock(folder.get(), LOCK_EX | LOCK_NB), 0);
  std::thread lets_go([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    folder.reset();
  });
  daemon_.start();
  restart("second");
  lets_go.join();
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\n");
  EXPECT_EQ(daemon_.client().open_earlier("marked").size(), 1u);
}

TEST_F(Restart, WhatIsLeftOfALostRecordingCanBeRead) {
  call_once();
  restart("second");
  daemon_.kill_now();
  std::filesystem::remove_all(daemon_.paths().session_pins("marked"));
  daemon_.write("marked.conf", "[Session]\nScript=marked.stp\nStart=manual\n");
  daemon_.start();
  EXPECT_TRUE(daemon_.says("its newest recording is gone")) << daemon_.log();
  Recordings earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), 1u) << daemon_.client().error();
  EXPECT_EQ(earlier[0]->text(), "first begins\nfirst\nends\n");
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  EXPECT_EQ(daemon_.client().open_earlier("marked").size(), 1u);
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_FALSE(daemon_.has_pins());
}

// Its newest pins go first: what a stapd killed behind that leaves is put back by hand here.
TEST_F(Restart, WhoIsKilledWhileStoppingLeavesNothingEarlier) {
  restart("second");
  std::string earlier;
  for (const auto& entry : std::filesystem::directory_iterator(daemon_.paths().sessions_folder()))
    if (entry.path().string().find("+earlier-") != std::string::npos) earlier = entry.path();
  std::string aside = daemon_.paths().pin_folder + "/aside";
  std::filesystem::rename(earlier, aside);
  ASSERT_TRUE(daemon_.client().stop("marked"));
  daemon_.kill_now();
  std::filesystem::create_directories(daemon_.paths().sessions_folder());
  std::filesystem::rename(aside, earlier);
  daemon_.start();
  EXPECT_TRUE(daemon_.says("removed what it recorded earlier: it was stopped")) << daemon_.log();
  EXPECT_FALSE(std::filesystem::exists(earlier));
  EXPECT_NE(daemon_.client().state_of("marked"), "recording");
}

// ---- without descriptors ------------------------------------------------------------------------

TEST_F(Restart, WithoutDescriptorsItGoesOnAsItWas) {
  write_files_profile("second");
  uint64_t calls = 0;
  bool restarted = false;
  for (size_t more = 0; !restarted && more < 200; ++more) {
    daemon_.limit_descriptors(more);
    restarted = daemon_.client().restart("marked");
    daemon_.limit_descriptors(200);
    if (restarted) break;
    call_once();
    ASSERT_EQ(daemon_.client().state_of("marked"), "recording");
    ASSERT_EQ(produced_of(*daemon_.client().open("marked"), 0) +
                  produced_of(*daemon_.client().open("marked"), 1),
              ++calls)
        << daemon_.client().error();
    ASSERT_EQ(pins_like("+earlier-"), 0u);
  }
  ASSERT_TRUE(restarted) << daemon_.client().error();
  EXPECT_GT(calls, 10u);
  call_once();
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\nsecond\n");
  EXPECT_EQ(daemon_.client().open_earlier("marked").size(), 1u);
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(Restart, WithoutDescriptorsNothingIsLeftOfAStart) {
  ASSERT_TRUE(daemon_.client().stop("marked"));
  write_files_profile("second");
  size_t failures = 0;
  bool started = false;
  for (size_t more = 0; !started && more < 200; ++more) {
    daemon_.limit_descriptors(more);
    started = daemon_.client().start("marked");
    daemon_.limit_descriptors(200);
    if (started) break;
    ++failures;
    ASSERT_EQ(daemon_.client().state_of("marked"), "failed");
    ASSERT_FALSE(daemon_.has_pins_of("marked")) << daemon_.client().error();
    ASSERT_FALSE(std::filesystem::exists(daemon_.paths().session_pins("marked") + "+new"));
  }
  ASSERT_TRUE(started) << daemon_.client().error();
  EXPECT_GT(failures, 10u);
  call_once();
  EXPECT_EQ(daemon_.client().open("marked")->text(), "second begins\nsecond\n");
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_FALSE(daemon_.has_pins());
}

// ---- killed -------------------------------------------------------------------------------------

// Whoever is killed at any moment of a restart leaves one that records, and nothing half made.
TEST_F(Restart, KilledAtAnyMomentOneRecords) {
  std::minstd_rand random(7);
  for (int round = 0; round < 40; ++round) {
    write_profile("round" + std::to_string(round), "64K");
    std::thread killer([&, delay = random() % 40'000] {
      std::this_thread::sleep_for(std::chrono::microseconds(delay));
      kill(daemon_.pid(), SIGKILL);
    });
    daemon_.client().restart("marked");
    killer.join();
    daemon_.kill_now();
    daemon_.start();
    ASSERT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
    auto recording = daemon_.client().open("marked");
    std::string before = recording->text();
    call_once();
    std::string added = recording->text().substr(before.size());
    EXPECT_EQ(std::count(added.begin(), added.end(), '\n'), 1) << added;
    EXPECT_EQ(pins_like("/link"), pins_like("/marked/link"));
    EXPECT_EQ(pins_like("+new"), 0u);
    EXPECT_EQ(pins_like("+old"), 0u);
  }
  EXPECT_FALSE(daemon_.says("cannot be read")) << daemon_.log();
}

}  // namespace
}  // namespace stapd::test
