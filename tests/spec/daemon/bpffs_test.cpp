// bpffs turns read-only while it records: what records goes on, everything else is refused with one
// message, and works again when it can be written.
#include <sched.h>
#include <sys/mount.h>

#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

constexpr char kBpffs[] = "/sys/fs/bpf";

// Each in a bpffs that no other process sees.
class ReadOnlyBpffs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
    ASSERT_EQ(::mount("bpf", kBpffs, "bpf", 0, "mode=0700"), 0) << strerror(errno);
  }
  void SetUp() override {
    daemon_.add_profile("marked", "probe begin { printf(\"begins\\n\") }\n" + marked_script(),
                        "Start=manual\n[Memory]\nSize=1M\n");
    daemon_.add_profile("other", "probe begin { println(1) }\n", "Start=manual\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  void TearDown() override { make(false); }

  static void make(bool read_only) {
    unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0);
    ASSERT_EQ(::mount("bpf", kBpffs, "bpf", flags, nullptr), 0) << strerror(errno);
  }
  uint64_t recorded() {
    return daemon_.client().open("marked")->reader().read_new(0, 0).ledger().produced;
  }
  static void call(uint64_t count) { MarkedCalls({0}, count).join(); }
  void expect_refused(bool done) {
    EXPECT_FALSE(done);
    EXPECT_NE(daemon_.client().error().find("mount -o remount,rw /sys/fs/bpf"), std::string::npos)
        << daemon_.client().error();
  }
  size_t lines_with(const std::string& text) const {
    std::istringstream log(daemon_.log());
    size_t count = 0;
    for (std::string line; std::getline(log, line);) count += line.find(text) != std::string::npos;
    return count;
  }

  DaemonUnderTest daemon_;
};

TEST_F(ReadOnlyBpffs, TheRecordingGoesOnAndWhatCannotBeDoneIsRefused) {
  call(100);
  make(true);
  call(100);
  BusClient& client = daemon_.client();
  expect_refused(client.restart("marked"));
  expect_refused(client.start("other"));
  expect_refused(client.stop("marked"));
  EXPECT_EQ(client.error_name(), "org.stapd.Stapd1.Error.ReadOnly");
  EXPECT_TRUE(client.stop_all().empty());
  EXPECT_EQ(client.state_of("marked"), "recording");
  EXPECT_EQ(recorded(), 200u);
  make(false);
  EXPECT_TRUE(client.start("other")) << client.error();
  EXPECT_TRUE(client.restart("marked")) << client.error();
  call(50);
  EXPECT_EQ(recorded(), 50u);
  EXPECT_EQ(client.open_earlier("marked").size(), 1u);
  EXPECT_TRUE(client.stop("marked")) << client.error();
  EXPECT_TRUE(client.stop("other")) << client.error();
  EXPECT_FALSE(daemon_.has_pins());
  EXPECT_EQ(lines_with("removing"), 0u) << daemon_.log();
}

TEST_F(ReadOnlyBpffs, WhatADeadStapdLeftIsTakenOverWhenItCanBeWritten) {
  call(100);
  daemon_.kill_now();
  make(true);
  daemon_.start();
  call(100);
  EXPECT_EQ(daemon_.client().state_of("marked"), "inactive");
  expect_refused(daemon_.client().start("other"));
  daemon_.kill_now();
  daemon_.start();
  call(100);
  EXPECT_EQ(lines_with("what records goes on, and is taken over later"), 2u) << daemon_.log();
  EXPECT_EQ(lines_with("removed"), 0u) << daemon_.log();
  make(false);
  ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "recording"; }))
      << daemon_.log();
  call(100);
  EXPECT_EQ(recorded(), 401u) << "the heartbeat is one";
  std::string text = daemon_.client().open("marked")->text();
  EXPECT_EQ(text.find("begins"), text.rfind("begins")) << "it was not started anew";
  EXPECT_TRUE(daemon_.client().start("other")) << daemon_.client().error();
  daemon_.client().stop_all();
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(ReadOnlyBpffs, WhatAScriptEndedMeanwhileIsRemovedByAStop) {
  std::string file = daemon_.root() + "/rec";
  for (bool files : {false, true}) {
    SCOPED_TRACE(files);
    daemon_.add_profile("ends", on_marked_call("exit()"),
                        "Start=manual\n" + (files ? "[File]\nPath=" + file + "\n" : ""));
    BusClient& client = daemon_.client();
    ASSERT_TRUE(client.start("ends")) << client.error();
    make(true);
    call(1);
    ASSERT_TRUE(wait_until([&] { return client.state_of("ends") == "stopped"; }));
    ASSERT_TRUE(wait_until([&] { return !files || std::filesystem::exists(file); }));
    make(false);
    ASSERT_TRUE(client.stop("ends")) << client.error();
    EXPECT_FALSE(daemon_.has_pins_of("ends"));
    ASSERT_TRUE(client.start("ends")) << client.error();
    ASSERT_TRUE(client.stop("ends")) << client.error();
  }
}

TEST_F(ReadOnlyBpffs, StapdEndsAsEver) {
  make(true);
  EXPECT_EQ(daemon_.terminate(), 0);
  make(false);
  call(100);
  daemon_.start();
  EXPECT_EQ(recorded(), 101u);
  EXPECT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
}

}  // namespace
}  // namespace stapd::test
