// stapd is replaced by a build that does not understand the programs of the one before it: they go
// on until those of the new build run, and what they recorded can be read.
#include <sys/mman.h>

#include "runtime/image/program_image.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/load/run_word.h"
#include "tests/support/files_under_test.h"

namespace stapd::test {
namespace {

// As a build with another image version would have left it.
void change_image_version(const std::string& pins) {
  constexpr size_t kPage = 4096;  // where the image begins in the metadata
  Result<MetadataMap> metadata = MetadataMap::open(pins);
  ASSERT_TRUE(metadata) << metadata.error().message;
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, metadata->fd(), kPage);
  ASSERT_NE(page, MAP_FAILED);
  // Behind eight bytes that say what it is.
  auto* version = static_cast<uint32_t*>(page) + 2;
  ASSERT_EQ(*version, kImageVersion);
  *version = kImageVersion + 1;
  munmap(page, kPage);
}

class Upgrade : public FilesTest {
 protected:
  void record(const std::string& more = "[Memory]\nSize=4M\n") {
    daemon_.add_profile("marked", kBegins + marked_script(), more);
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  void kill_old_build() {
    daemon_.kill_now();
    change_image_version(daemon_.paths().session_pins("marked"));
  }
  std::string pins() const { return daemon_.paths().session_pins("marked"); }
  // What a stapd leaves that is killed when the new programs are there, and before the old ones
  // end; `calls` were recorded by both. Put together by hand: the moment is short.
  void leave_both(uint64_t calls) {
    kill_old_build();
    std::string aside = daemon_.paths().pin_folder + "/aside";
    uint64_t started = MetadataMap::open(pins())->metadata().started_boot;
    fs::rename(pins(), aside);
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
    daemon_.kill_now();
    fs::rename(aside, daemon_.paths().earlier_pins("marked", started));
    MarkedCalls({0}, calls).join();
  }
  // Of the one recording before, and of the one that records.
  void expect_recorded(uint64_t earlier_calls, uint64_t calls) {
    auto earlier = daemon_.client().open_earlier("marked");
    ASSERT_EQ(earlier.size(), 1u) << daemon_.log();
    EXPECT_EQ(produced(*earlier[0], 0), earlier_calls);
    EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), calls);
  }
  bool comes_to(const std::string& state) {
    return wait_until([&] { return daemon_.client().state_of("marked") == state; });
  }
  static uint64_t produced(const MappedRecording& recording, uint32_t cpu) {
    return recording.reader().read_new(cpu, 0).ledger().produced;
  }
  void expect_nothing_left() {
    ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
    EXPECT_FALSE(daemon_.has_pins()) << daemon_.log();
  }

  static constexpr char kBegins[] = "probe begin { printf(\"begins\\n\") }\n";
};

TEST_F(Upgrade, WhatTheOldBuildRecordedCanBeReadAndTheNewOneGoesOn) {
  record();
  MarkedCalls({0}, 10).join();
  kill_old_build();
  MarkedCalls({0}, 7).join();
  daemon_.start();
  ASSERT_TRUE(comes_to("recording")) << daemon_.log();
  EXPECT_TRUE(
      daemon_.says("cannot be taken over, and is started again; what it recorded can be "
                   "read: program image of version "))
      << daemon_.log();
  auto earlier = daemon_.client().open_earlier("marked");
  ASSERT_EQ(earlier.size(), 1u);
  EXPECT_EQ(produced(*earlier[0], 0), 17u);
  EXPECT_TRUE(earlier[0]->text().starts_with("begins\n0\n"));
  EXPECT_EQ(daemon_.client().open("marked")->text(), "begins\n");
  MarkedCalls({0}, 5).join();
  EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), 5u);
  EXPECT_EQ(produced(*earlier[0], 0), 17u) << "its programs were stopped";
  EXPECT_EQ(daemon_.client().take_snapshot("marked", 1, 0).recording->text(), earlier[0]->text());

  // And once more, by the same build.
  daemon_.kill_now();
  daemon_.start();
  EXPECT_EQ(daemon_.client().open_earlier("marked").size(), 1u);
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  expect_nothing_left();
}

TEST_F(Upgrade, NoEventOfTheMomentsBetweenIsRecordedByNeither) {
  // Never full: a ring that is lets go of the one before it.
  record("[Memory]\nSize=64M\n");
  MarkedCalls calls({0, 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  kill_old_build();
  daemon_.start();
  ASSERT_TRUE(comes_to("recording")) << daemon_.log();
  ASSERT_TRUE(wait_until([&] {
    auto recording = daemon_.client().open("marked");
    return produced(*recording, 0) > 0 && produced(*recording, 1) > 0;
  }));
  calls.stop();
  auto earlier = daemon_.client().open_earlier("marked");
  auto now = daemon_.client().open("marked");
  ASSERT_EQ(earlier.size(), 1u);
  for (uint32_t cpu = 0; cpu < 2; ++cpu) {
    EXPECT_GE(produced(*earlier[0], cpu) + produced(*now, cpu), calls.count(cpu));
    EXPECT_GT(produced(*now, cpu), 0u);
  }
}

TEST_F(Upgrade, AScriptThatTheNewBuildRefusesGoesOnAsItWas) {
  record();
  kill_old_build();
  daemon_.write("marked.stp", "probe nowhere { }\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  for (int round = 1; round <= 2; ++round) {
    MarkedCalls({0}, 10).join();
    auto recording = daemon_.client().open("marked");
    ASSERT_TRUE(recording) << daemon_.client().error();
    EXPECT_EQ(produced(*recording, 0), 10u * static_cast<uint64_t>(round));
    EXPECT_EQ(daemon_.client().statistics("marked")["Kept"],
              10u * static_cast<uint64_t>(round) + 1);
    EXPECT_EQ(daemon_.client().globals("marked"), "");
    EXPECT_NE(daemon_.client().error().find("another build"), std::string::npos);
    // The next one finds it, too.
    daemon_.kill_now();
    daemon_.start();
    ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  }
  // Mended, it takes its place.
  daemon_.write("marked.stp", kBegins + marked_script());
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), 0u);
  ASSERT_EQ(daemon_.client().open_earlier("marked").size(), 1u);
  EXPECT_EQ(produced(*daemon_.client().open_earlier("marked")[0], 0), 20u);
  expect_nothing_left();
}

TEST_F(Upgrade, WithoutItsProfileItGoesOnUntilItIsStopped) {
  record();
  kill_old_build();
  std::filesystem::remove(daemon_.conf_folder() + "/marked.conf");
  daemon_.start();
  ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  EXPECT_TRUE(daemon_.says("no profile to start it from")) << daemon_.log();
  MarkedCalls({0}, 10).join();
  EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), 10u);
  EXPECT_EQ(daemon_.terminate(), 0);
  EXPECT_TRUE(daemon_.says("ends, and leaves recording: marked; ")) << daemon_.log();
  daemon_.start();
  EXPECT_EQ(daemon_.client().stop_all(), std::vector<std::string>{"marked"});
  EXPECT_FALSE(daemon_.has_pins()) << daemon_.log();
}

TEST_F(Upgrade, ItsFilesHaveEveryRecordOfBothBuilds) {
  add(marked_script());
  start();
  MarkedCalls({0}, 1000).join();
  ASSERT_TRUE(wait_until([&] { return written_on_first_cpu() == 1000; }));
  kill_old_build();
  MarkedCalls({0}, 1000).join();
  daemon_.start();
  ASSERT_TRUE(comes_to("recording")) << daemon_.log();
  MarkedCalls({0}, 1000).join();
  expect_nothing_left();
  FileContent content = read();
  EXPECT_EQ(content.findings, "");
  EXPECT_EQ(std::count(content.output.begin(), content.output.end(), '\n'), 3000);
}

// ---- not whole any more -------------------------------------------------------------------------

TEST_F(Upgrade, WhatIsNotWholeAnyMoreGoesOnAndCanBeRead) {
  record();
  for (const char* pin : {"data", "control", "program0"}) {
    SCOPED_TRACE(pin);
    MarkedCalls({0}, 10).join();
    daemon_.kill_now();
    ASSERT_TRUE(fs::remove(pins() + "/" + pin));
    daemon_.write("marked.stp", "probe nowhere { }\n");
    for (int round = 0; round < 2; ++round) {
      daemon_.start();
      ASSERT_TRUE(comes_to("failed")) << daemon_.log();
      MarkedCalls({0}, 10).join();
      daemon_.kill_now();
    }
    daemon_.write("marked.stp", kBegins + marked_script());
    daemon_.start();
    ASSERT_TRUE(comes_to("recording")) << daemon_.log();
    MarkedCalls({0}, 5).join();
    auto earlier = daemon_.client().open_earlier("marked");
    ASSERT_FALSE(earlier.empty());
    EXPECT_EQ(produced(*earlier.back(), 0), 30u);
    EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), 5u);
    ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
    EXPECT_FALSE(daemon_.has_pins()) << daemon_.log();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  expect_nothing_left();
}

// ---- what goes wrong between --------------------------------------------------------------------

TEST_F(Upgrade, KilledBeforeTheOldProgramsEndTheNextEndsThem) {
  record();
  leave_both(10);
  daemon_.start();
  ASSERT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
  MarkedCalls({0}, 5).join();
  expect_recorded(10, 15 + 1);  // and the proof that it is alive
  expect_nothing_left();
}

TEST_F(Upgrade, KilledBeforeTheNewProgramsRunTheOldOnesGoOn) {
  record();
  leave_both(0);
  store_run(RecordingMaps::open(pins())->state(), SessionState::starting);
  MarkedCalls({0}, 10).join();
  daemon_.start();
  ASSERT_TRUE(comes_to("recording")) << daemon_.log();
  MarkedCalls({0}, 5).join();
  expect_recorded(10, 5);
  expect_nothing_left();
}

// As a third build finds what the second one had begun.
TEST_F(Upgrade, OfTwoThatCannotBeTakenOverTheNewerGoesOn) {
  record();
  leave_both(10);
  change_image_version(pins());
  daemon_.write("marked.stp", "probe nowhere { }\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  MarkedCalls({0}, 5).join();
  auto recordings = daemon_.client().open_earlier("marked");
  ASSERT_EQ(recordings.size(), 2u) << daemon_.log();
  EXPECT_EQ(produced(*recordings[0], 0), 10u);
  EXPECT_EQ(produced(*recordings[1], 0), 15u);
  expect_nothing_left();
}

TEST_F(Upgrade, KilledBeforeTheOldProgramsEndTheirFilesGetTheRest) {
  add(marked_script());
  start();
  MarkedCalls({0}, 1000).join();
  ASSERT_TRUE(wait_until([&] { return written_on_first_cpu() == 1000; }));
  leave_both(1000);
  fs::remove(path() + ".1");  // the killed one had not come to its files
  daemon_.start();
  ASSERT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
  MarkedCalls({0}, 500).join();
  expect_nothing_left();
  EXPECT_FALSE(daemon_.says("cannot be written")) << daemon_.log();
  EXPECT_EQ(names(), (Names{"rec", "rec.1"}));
  expect_exact(read({"rec"}), {2000});
  expect_exact(read({"rec.1"}), {1500}, 1);
}

TEST_F(Upgrade, BeginHandlersThatFailChangeNothing) {
  record();
  kill_old_build();
  daemon_.add_profile("marked", "probe begin { error(\"no good\") }\n" + marked_script(),
                      "ErrorBudget=0\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  EXPECT_TRUE(daemon_.says("its begin handlers failed: ")) << daemon_.log();
  EXPECT_TRUE(daemon_.says("no good")) << daemon_.log();
  EXPECT_FALSE(daemon_.has_pins_of("marked"));
  EXPECT_FALSE(fs::exists(pins() + "+new"));
  MarkedCalls({0}, 10).join();
  EXPECT_EQ(produced(*daemon_.client().open("marked"), 0), 10u);
  daemon_.write("marked.stp", marked_script());
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  expect_recorded(10, 0);
  expect_nothing_left();
}

// However far the new recording comes, the old one goes on, or the new one is there as a whole.
TEST_F(Upgrade, WithoutDescriptorsTheOldProgramsGoOn) {
  add(marked_script());
  start();
  kill_old_build();
  daemon_.write("marked.stp", "probe nowhere { }\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("failed")) << daemon_.log();
  daemon_.write("marked.stp", marked_script());
  bool started = false;
  uint64_t calls = 0;
  for (size_t more = 0; !started && more < 200; ++more) {
    daemon_.limit_descriptors(more);
    started = daemon_.client().start("marked");
    if (started) break;
    daemon_.limit_descriptors(200);
    MarkedCalls({0}, 1).join();
    ASSERT_EQ(produced(*daemon_.client().open("marked"), 0), ++calls) << daemon_.client().error();
    ASSERT_FALSE(daemon_.has_pins_of("marked")) << daemon_.log();
  }
  ASSERT_TRUE(started) << daemon_.client().error();
  EXPECT_GT(calls, 10u);
  daemon_.limit_descriptors(200);
  MarkedCalls({0}, 5).join();
  expect_recorded(calls, 5);
  expect_nothing_left();
}

}  // namespace
}  // namespace stapd::test
