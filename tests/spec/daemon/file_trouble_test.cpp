// Files over kills, and on disks that refuse: what is there once, what is lost counted exactly.
#include <sys/file.h>
#include <sys/mount.h>

#include <random>

#include "tests/support/files_under_test.h"

namespace stapd::test {
namespace {

class KilledFiles : public FilesTest {};
class RemovedFiles : public FilesTest {};

// ---- without a thread ---------------------------------------------------------------------------

// A cgroup with so many tasks, in which this process and its children are; gone with it.
class FewTasks {
 public:
  explicit FewTasks(int tasks) {
    const std::string root =
        fs::exists("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
    folder_ = root + "/stapd-test-" + std::to_string(getpid());
    procs_ = root + "/cgroup.procs";
    std::error_code error;
    fs::create_directory(folder_, error);
    std::ofstream(folder_ + "/pids.max") << tasks;
    std::ofstream(folder_ + "/cgroup.procs") << getpid();
  }
  ~FewTasks() {
    std::ofstream(procs_) << getpid();
    std::error_code ignored;
    wait_until([&] { return fs::remove(folder_, ignored); }, 5);
  }
  FewTasks(const FewTasks&) = delete;
  FewTasks& operator=(const FewTasks&) = delete;

  bool holds() const {
    std::string line;
    std::ifstream procs(folder_ + "/cgroup.procs");
    while (std::getline(procs, line))
      if (line == std::to_string(getpid())) return fs::exists(folder_ + "/pids.max");
    return false;
  }

 private:
  std::string folder_, procs_;
};

TEST_F(KilledFiles, WithoutAThreadForThemTheRecordingGoesOn) {
  add(marked_script(), "", "Size=1M\n");
  start();
  MarkedCalls calls({0}, 1000);
  calls.join();
  daemon_.kill_now();
  {
    FewTasks few(2);  // this process, and stapd
    if (!few.holds()) GTEST_SKIP() << "no cgroup here can have a limit of tasks";
    daemon_.start();
    EXPECT_TRUE(daemon_.says("a thread that writes the session's files")) << daemon_.log();
    EXPECT_TRUE(daemon_.has_pins());
    daemon_.kill_now();
  }
  MarkedCalls more({0}, 1000);
  more.join();
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
  ASSERT_TRUE(daemon_.client().stop("marked"));
  FileContent content = read();
  EXPECT_EQ(std::count(content.output.begin(), content.output.end(), '\n'), 2000);
  EXPECT_EQ(content.twice, 0u);
}

// ---- killed -------------------------------------------------------------------------------------

TEST_F(KilledFiles, WhatHappenedWithoutADaemonIsInTheFileToo) {
  add(on_marked_call("printf(\"%d\\n\", cpu()); for (i = 0; i < 200; i++) ;"), "", "Size=16M\n");
  start();
  MarkedCalls calls({0, 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  daemon_.kill_now();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  daemon_.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  calls.stop();
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_EQ(names(), Names{"rec"}) << "the same file goes on";
  expect_exact(read(), {calls.count(0), calls.count(1)}, 1);
}

TEST_F(KilledFiles, MuchThatHappenedWithoutADaemonIsInTheTextToo) {
  constexpr uint64_t kEvents = 100'000;
  add("global n\n" + on_marked_call("printf(\"%0106d\\n\", n++)"), "Format=text\n", "Size=16M\n");
  start();
  daemon_.kill_now();
  MarkedCalls({0}, kEvents).join();
  daemon_.start();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  std::istringstream lines(read_text(path()));
  uint64_t next = 0;
  for (std::string line; std::getline(lines, line); ++next)
    ASSERT_EQ(line, fmt::format("{:0106}", next));
  EXPECT_EQ(next, kEvents);
  EXPECT_EQ(daemon_.client().statistics("marked")["FileUnwritten"], 0u);
}

// A small ring that overflows while nobody reads it, files that are switched often.
TEST_F(KilledFiles, KilledInManyRoundsTheLedgerOfTheFilesIsExact) {
  add(marked_script(), "Size=128K\n", "Size=64K\n");
  start();
  MarkedCalls calls({0, 1});
  std::minstd_rand random(1);
  constexpr uint64_t kRounds = 25;
  for (uint64_t round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 150'000));
    daemon_.kill_now();
    daemon_.start();
    ASSERT_EQ(daemon_.client().state_of("marked"), "recording") << daemon_.log();
  }
  calls.stop();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  expect_exact(read(), {calls.count(0), calls.count(1)}, kRounds);
}

TEST_F(KilledFiles, KilledInManyRoundsTheTextIsWhole) {
  add("global n\n" + on_marked_call("{ printf(\"%d\\n\", n++); for (i = 0; i < 600; i++) ; }"),
      "Format=text\nSize=32K\n", "Size=32M\n");
  start();
  MarkedCalls calls({0});
  std::minstd_rand random(2);
  for (int round = 0; round < 15; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 200'000));
    daemon_.kill_now();
    daemon_.start();
  }
  calls.stop();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  std::string found;
  size_t files = names().size();
  for (size_t number = 0; number < files; ++number)
    found += read_text(path() + "." + std::to_string(number));
  std::istringstream lines(found);
  uint64_t count = 0, next = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    uint64_t number = std::stoull(line);
    ASSERT_GE(number, next) << "line " << count << " in " << files << " files";
    next = number + 1;
  }
  // On a host where a daemon takes a minute to start, the ring loses some.
  EXPECT_EQ(count + daemon_.client().statistics("marked")["FileOverwritten"], calls.count(0));
}

// A ring that overflowed while the daemon got no time, and a kill while it writes what is left of
// it.
TEST_F(KilledFiles, KilledBehindAGapNoTextIsThereTwice) {
  constexpr uint64_t kEvents = 1'200'000;
  add("global n\n" + on_marked_call("printf(\"%d\\n\", n++)"), "Format=text\nSize=32K\n",
      "Size=16M\n");
  start();
  ASSERT_TRUE(wait_until([&] { return names().size() == 1; }));
  kill(daemon_.pid(), SIGSTOP);
  MarkedCalls({0}, kEvents).join();
  kill(daemon_.pid(), SIGCONT);
  ASSERT_TRUE(wait_until([&] { return names().size() > 3; }));
  daemon_.kill_now();
  daemon_.start();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  std::string found;
  size_t files = names().size();
  for (size_t number = 0; number < files; ++number)
    found += read_text(path() + "." + std::to_string(number));
  std::istringstream lines(found);
  uint64_t first = 0, count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    if (count == 0) first = std::stoull(line);
    ASSERT_EQ(line, std::to_string(first + count));
  }
  EXPECT_EQ(first + count, kEvents);
  EXPECT_GT(first, 0u) << "the ring lost nothing";
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_EQ(statistics["FileRecords"], count);
  EXPECT_EQ(statistics["FileOverwritten"], first);
}

TEST_F(KilledFiles, SigtermLeavesThemWithoutAnEndAndTheNextGoesOn) {
  add(marked_script());
  start();
  MarkedCalls first({0}, 100);
  first.join();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(daemon_.terminate(), 0);
  ASSERT_FALSE(read().ledger.empty());
  EXPECT_EQ(read().ledger[0].written, 100u);
  EXPECT_NE(read().findings.find("end"), std::string::npos) << read().findings;
  MarkedCalls second({0}, 100);
  second.join();
  daemon_.start();
  ASSERT_TRUE(daemon_.client().stop("marked"));
  expect_exact(read(), {200}, 1);
}

TEST_F(KilledFiles, ARestartEndsOneRecordingAndBeginsTheNext) {
  add("probe end { printf(\"ends\\n\") }\n" + marked_script(), "Size=64M\n");
  start();
  MarkedCalls first({0}, 1000);
  first.join();
  add("probe begin { printf(\"begins\\n\") }\n" + marked_script(), "Size=64M\n");
  ASSERT_TRUE(daemon_.client().restart("marked")) << daemon_.client().error();
  MarkedCalls second({0}, 500);
  second.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_EQ(names(), (Names{"rec.0", "rec.1"}));
  FileContent old = read({"rec.0"});
  expect_exact(old, {1000});
  EXPECT_TRUE(old.output.ends_with("ends\n"));
  FileContent now = read({"rec.1"});
  expect_exact(now, {500});
  EXPECT_TRUE(now.output.starts_with("begins\n"));
  EXPECT_FALSE(daemon_.says("cannot be written")) << daemon_.log();
}

TEST_F(KilledFiles, AnEndThatTheScriptAskedForIsWrittenToo) {
  add(on_marked_call("exit()") + "probe end { printf(\"bye\\n\") }\n");
  start();
  ::syscall(marked_call());
  ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "stopped"; }));
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_EQ(read().output, "bye\n");
  EXPECT_EQ(read().findings, "");
}

// ---- disks that refuse --------------------------------------------------------------------------

class TinyDisk : public FilesTest {
 protected:
  void SetUp() override {
    fs::create_directories(folder());
    ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", 0, "size=256k"), 0) << strerror(errno);
  }
  void TearDown() override {
    daemon_.kill_now();
    ::umount2(folder().c_str(), MNT_DETACH);
  }
  size_t said(const std::string& text) const {
    size_t count = 0;
    std::string log = daemon_.log();
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

TEST_F(TinyDisk, AFullDiskIsSaidOnceAndTheFilesGoOnWhenThereIsRoom) {
  add(on_marked_call("printf(\"%d\\n\", gettimeofday_ns())"), "", "Size=1M\n");
  start();
  std::ofstream(folder() + "/fill") << std::string(180 << 10, 'x');
  MarkedCalls calls({0}, 200'000);
  calls.join();
  ASSERT_TRUE(wait_until([&] { return said("cannot be written") == 1; })) << daemon_.log();
  EXPECT_TRUE(daemon_.says("No space left on device"));
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_GT(statistics["FileFailures"], 0u);
  EXPECT_EQ(statistics["Produced"], 200'000u) << "the ring goes on";
  ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  ASSERT_TRUE(wait_until([&] { return said("are written again") == 1; })) << daemon_.log();
  MarkedCalls more({0}, 1000);
  more.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_EQ(said("cannot be written"), 1u);
  fs::remove(folder() + "/fill");
  FileContent content = read();
  expect_exact(content, {201'000});
  EXPECT_EQ(*content.numbers[0].rbegin(), 201'000u);
}

TEST_F(TinyDisk, KeepFreeGivesOldFilesAndThenStops) {
  add(on_marked_call("printf(\"%d\\n\", gettimeofday_ns())"), "Size=16K\nKeepFree=100K\n");
  start();
  EXPECT_TRUE(wait_until([&] {
    MarkedCalls calls({0}, 50'000);
    calls.join();
    Names files = names();
    return !files.empty() && files.front() != "rec.0";
  })) << "the oldest goes first";
  EXPECT_TRUE(wait_until([&] { return fs::space(folder()).available >= 100u << 10; }));
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
}

TEST_F(TinyDisk, AReadOnlyDiskAtTheStart) {
  ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
  add(marked_script());
  start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  ASSERT_TRUE(wait_until([&] { return said("Read-only file system") == 1; })) << daemon_.log();
  MarkedCalls calls({0}, 100);
  calls.join();
  ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
  ASSERT_TRUE(wait_until([&] { return said("are written again") == 1; })) << daemon_.log();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  expect_exact(read(), {100});
}

TEST_F(TinyDisk, WhatIsNotWrittenInTheEndIsSaid) {
  add(on_marked_call("printf(\"%d\\n\", gettimeofday_ns())"));
  start();
  std::ofstream(folder() + "/fill") << std::string(256 << 10, 'x');
  MarkedCalls calls({0}, 20'000);
  calls.join();
  EXPECT_FALSE(daemon_.client().stop("marked"));
  EXPECT_EQ(daemon_.client().error_name(), "org.stapd.Stapd1.Error.FilesIncomplete");
  EXPECT_NE(daemon_.client().error().find("No space left"), std::string::npos);
  EXPECT_EQ(daemon_.client().state_of("marked"), "stopped");
}

// ---- killed before the end was written ----------------------------------------------------------

// The disk is full, so that what was recorded waits in the ring, and the end with it.
class EndWithoutRoom : public TinyDisk {
 protected:
  void record(uint64_t count) { MarkedCalls({0}, count).join(); }
  void fill_disk() {
    std::ofstream(folder() + "/fill") << std::string(256 << 10, 'x');
    record(20'000);
    ASSERT_TRUE(wait_until([&] { return said("cannot be written") == 1; })) << daemon_.log();
  }
  void make_room() {
    ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    fs::remove(folder() + "/fill");
  }
};

TEST_F(EndWithoutRoom, KilledAfterARestartTheNextWritesWhatTheReplacedRingHas) {
  for (const char* format : {"recording", "text"}) {
    SCOPED_TRACE(format);
    std::string more = std::string("Format=") + format + "\nSize=64M\nCompression=none\n";
    add("probe end { printf(\"ends\\n\") }\n" + marked_script(), more, "Size=4M\n");
    if (daemon_.pid() < 0) daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
    fill_disk();
    add(marked_script(), more, "Size=4M\n");
    ASSERT_TRUE(daemon_.client().restart("marked")) << daemon_.client().error();
    record(500);
    daemon_.kill_now();
    make_room();
    daemon_.start();
    ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
    if (std::string(format) == "text") {
      std::string replaced = read_text(path() + ".0");
      EXPECT_EQ(std::count(replaced.begin(), replaced.end(), '\n'), 20'001);
      EXPECT_TRUE(replaced.ends_with("ends\n"));
      EXPECT_EQ(read_text(path() + ".1").size(), 500 * std::string("0\n").size());
    } else {
      FileContent replaced = read({"rec.0"});
      expect_exact(replaced, {20'000});
      EXPECT_TRUE(replaced.output.ends_with("ends\n"));
      expect_exact(read({"rec.1"}), {500}, 1);
    }
    EXPECT_FALSE(daemon_.has_pins());
    fs::remove_all(path() + ".0");
    fs::remove_all(path() + ".1");
    std::ofstream(daemon_.root() + "/log", std::ios::trunc);
    ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT, "size=256k"), 0);
  }
}

TEST_F(EndWithoutRoom, KilledInAStopTheNextWritesWhatTheRingHas) {
  add("probe end { printf(\"ends\\n\") }\n" + marked_script(), "Compression=none\n", "Size=4M\n");
  start();
  fill_disk();
  std::thread killer([&] {
    EXPECT_TRUE(wait_until([&] { return daemon_.says("stopped"); }));
    kill(daemon_.pid(), SIGKILL);
  });
  EXPECT_FALSE(daemon_.client().stop("marked"));
  killer.join();
  daemon_.kill_now();
  make_room();
  daemon_.start();
  EXPECT_EQ(daemon_.client().state_of("marked"), "stopped");
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  FileContent content = read({"rec"});
  expect_exact(content, {20'000});
  EXPECT_TRUE(content.output.ends_with("ends\n"));
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_FALSE(daemon_.has_pins());
}

// Of a recording that could not be taken over, since it is not whole any more.
TEST_F(EndWithoutRoom, KilledInAStartTheNextWritesWhatTheRingBeforeHas) {
  add(marked_script(), "Compression=none\n", "Size=4M\n");
  start();
  fill_disk();
  daemon_.kill_now();
  ASSERT_TRUE(fs::remove(daemon_.paths().session_pins("marked") + "/data"));
  add("probe nowhere { }\n", "Compression=none\n", "Size=4M\n");
  daemon_.start();
  ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "failed"; }))
      << daemon_.log();
  std::thread stopper([&] { daemon_.connect()->stop("marked"); });
  ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "stopped"; }));
  add(marked_script(), "Compression=none\n", "Size=4M\n");
  std::thread starter([&] { daemon_.connect()->start("marked"); });
  EXPECT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "starting"; }));
  daemon_.kill_now();
  stopper.join();
  starter.join();
  make_room();
  daemon_.start();
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  expect_exact(read({"rec"}), {20'000});
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(EndWithoutRoom, RestartedTooOftenItKeepsWhatItsFilesLack) {
  std::string more = "Size=64M\nCompression=none\n";
  add(marked_script(), more, "Size=4M\n");
  start();
  fill_disk();
  add(marked_script(), more, "Size=64K\n");
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(daemon_.client().restart("marked")) << daemon_.client().error();
  // The disk is given up after a while.
  bool still_waits = !daemon_.says("not all of its files was written");
  EXPECT_NE(daemon_.says("it was restarted too often"), still_waits) << daemon_.log();
  daemon_.kill_now();
  make_room();
  daemon_.start();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  if (still_waits) expect_exact(read({"rec.0"}), {20'000});
  EXPECT_FALSE(daemon_.has_pins());
}

TEST_F(RemovedFiles, AFolderThatIsRemovedIsSaidAndTakenWhenItIsThereAgain) {
  add(marked_script(), "Size=64K\n");
  start();
  MarkedCalls first({0}, 100);
  first.join();
  ASSERT_TRUE(wait_until([&] { return written_on_first_cpu() == 100; }));
  fs::remove_all(folder());
  ASSERT_TRUE(wait_until([&] {
    MarkedCalls calls({0}, 1);
    calls.join();
    return daemon_.says("cannot be written");
  })) << daemon_.log();
  fs::create_directories(folder());
  ASSERT_TRUE(wait_until([&] { return daemon_.says("are written again"); })) << daemon_.log();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_FALSE(names().empty());
}

TEST_F(RemovedFiles, WhatAnotherProcessWritesIsNotOverwritten) {
  fs::create_directories(folder());
  int other = open((path() + ".4").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  ASSERT_EQ(write(other, "its own", 7), 7);
  add(marked_script(), "Size=64K\n");
  start();
  ASSERT_TRUE(wait_until([&] { return daemon_.says("another process writes it"); }));
  EXPECT_EQ(names(), Names{"rec.4"});
  close(other);
  ASSERT_TRUE(wait_until([&] { return names().size() == 2; }));
  EXPECT_EQ(names(), (Names{"rec.4", "rec.5"}));
}

}  // namespace
}  // namespace stapd::test
