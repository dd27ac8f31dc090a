// File mode: a session's records in files, by their names, sizes and counts, exactly; over kills,
// and over disks that refuse.
#include <sys/file.h>
#include <sys/mount.h>

#include <regex>
#include <set>

#include "runtime/store/recording_reader.h"
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What a set of files says of one recording.
struct FileContent {
  std::vector<std::set<uint64_t>> numbers;  // of the records, by segment
  std::vector<SegmentTotals> ledger;
  uint64_t twice = 0;
  std::string output;    // of the script
  std::string findings;  // what is wrong
  bool live = false;
};

class Files : public testing::Test {
 protected:
  std::string folder() const { return daemon_.root() + "/out"; }
  std::string path() const { return folder() + "/rec"; }

  // Session "marked"; `more` are further lines of [File].
  void add(const std::string& script, const std::string& more = "",
           const std::string& memory = "Size=1M\n") {
    daemon_.add_profile(
        "marked", script,
        "Start=manual\n[Memory]\n" + memory + "[File]\nPath=" + path() + "\n" + more);
  }
  void start() {
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder(), error))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  FileContent read(const std::vector<std::string>& only = {}) const {
    FileContent content;
    RecordingReader reader;
    for (const std::string& name : only.empty() ? names() : only)
      EXPECT_TRUE(reader.add_file(folder() + "/" + name));
    reader.open();
    for (RecordedRecord record; reader.next(record);) {
      uint32_t segment = record.record.segment;
      if (content.numbers.size() <= segment) content.numbers.resize(segment + 1);
      content.twice += !content.numbers[segment].insert(record.record.number).second;
      auto view = record.schema->formatter.view_untrusted(record.record.bytes);
      if (view && view->format().channel == RecordChannel::output)
        record.schema->formatter.append_text(content.output, *view);
    }
    for (const Finding& finding : reader.findings()) {
      if (finding.is_fault()) content.findings += finding.text + "\n";
      content.live |= finding.kind == Finding::Kind::live;
    }
    if (reader.recordings() > 0) content.ledger = reader.ledger(reader.recordings() - 1);
    return content;
  }

  uint64_t written_on_first_cpu() const {
    FileContent content = read();
    return content.ledger.empty() ? 0 : content.ledger[0].written;
  }

  // Every record that was produced is there once, or counted; `made` by CPU.
  void expect_exact(const FileContent& content, const std::vector<uint64_t>& made,
                    uint64_t of_daemon = 0) const {
    EXPECT_EQ(content.findings, "");
    EXPECT_EQ(content.twice, 0u);
    ASSERT_GT(content.ledger.size(), made.size());
    for (size_t cpu = 0; cpu < made.size(); ++cpu) {
      const SegmentTotals& totals = content.ledger[cpu];
      size_t there = cpu < content.numbers.size() ? content.numbers[cpu].size() : 0;
      EXPECT_EQ(totals.written, there) << "CPU " << cpu;
      EXPECT_EQ(totals.unreadable + totals.abandoned, 0u);
      EXPECT_EQ(there + totals.overwritten + totals.unwritten, made[cpu] + of_daemon)
          << "CPU " << cpu << ": " << totals.overwritten << " overwritten";
    }
  }

  DaemonUnderTest daemon_;
};

using Names = std::vector<std::string>;

// ---- names, sizes, counts -----------------------------------------------------------------------

TEST_F(Files, EveryRecordIsThereOnceAndTheEndBehindThem) {
  add("probe begin { printf(\"begins\\n\") }\nprobe end { printf(\"ends\\n\") }\n" +
          marked_script(),
      "", "Size=4M\n");
  start();
  MarkedCalls calls({0, 1}, 100'000);
  calls.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_EQ(names(), Names{"rec"});
  FileContent content = read();
  expect_exact(content, {100'000, 100'000});
  EXPECT_EQ(content.ledger[0].overwritten, 0u);
  EXPECT_FALSE(content.live);
  EXPECT_TRUE(content.output.starts_with("begins\n"));
  EXPECT_TRUE(content.output.ends_with("ends\n"));
  // The ring has the same at its end.
  std::string ring = daemon_.client().open("marked")->text();
  ASSERT_GT(ring.size(), 10'000u);
  EXPECT_TRUE(content.output.ends_with(ring.substr(ring.size() / 2)));
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_EQ(statistics["FileRecords"], 200'002u);
  EXPECT_EQ(statistics["FileUnwritten"], 0u);
  EXPECT_EQ(statistics["Files"], 1u);
  EXPECT_EQ(statistics["FileBytes"], fs::file_size(path()));
}

TEST_F(Files, AsManyFilesAsWereAskedForOfTheirSize) {
  add(on_marked_call("printf(\"%d\\n\", gettimeofday_ns())"), "Size=64K\nCount=3\n");
  start();
  MarkedCalls calls({0, 1}, 400'000);
  calls.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  Names files = names();
  ASSERT_EQ(files.size(), 3u);
  std::set<int> numbers;
  for (const std::string& name : files) {
    ASSERT_TRUE(std::regex_match(name, std::regex("rec\\.[0-9]+"))) << name;
    numbers.insert(std::stoi(name.substr(4)));
    // Larger by a block at most, and the end.
    EXPECT_LT(fs::file_size(folder() + "/" + name), (64u << 10) + (160u << 10));
  }
  EXPECT_EQ(*numbers.rbegin() - *numbers.begin(), 2);
  EXPECT_GE(*numbers.begin(), 2);
  for (int number : numbers)
    EXPECT_TRUE(number == *numbers.rbegin() ||
                fs::file_size(path() + "." + std::to_string(number)) > 64u << 10);
  FileContent content = read();
  EXPECT_EQ(content.findings, "");
  // What rotation deleted was written.
  EXPECT_EQ(content.ledger[0].written + content.ledger[0].overwritten, 400'000u);
}

TEST_F(Files, ANewStartGoesOnWithTheNumbersAndDeletesWhatIsTooMuch) {
  add("probe begin { printf(\"begins\\n\") }\n", "Size=64K\nCount=2\n");
  daemon_.start();
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
    ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
    Names expected = {"rec." + std::to_string(round)};
    if (round > 0) expected.insert(expected.begin(), "rec." + std::to_string(round - 1));
    EXPECT_EQ(names(), expected);
    EXPECT_EQ(read({"rec." + std::to_string(round)}).findings, "");
  }
  EXPECT_EQ(read().output, "begins\nbegins\n");
  EXPECT_EQ(read().findings, "");
}

TEST_F(Files, NamesHaveTheTimeAndOtherFilesAreLeftAlone) {
  fs::create_directories(folder());
  std::ofstream(folder() + "/rec-other.0") << "not ours";
  std::ofstream(folder() + "/rec-2001-02-03.7") << "";
  daemon_.add_profile(
      "marked", "probe begin { printf(\"begins\\n\") }\n",
      "Start=manual\n[File]\nPath=" + folder() + "/rec-%Y-%m-%d\nSize=64K\nCount=1\n");
  start();
  ASSERT_TRUE(daemon_.client().stop("marked"));
  Names files = names();
  ASSERT_EQ(files.size(), 2u) << "one of ours, and what is not";
  EXPECT_TRUE(std::regex_match(files[0], std::regex("rec-[0-9]{4}-[0-9]{2}-[0-9]{2}\\.8")))
      << files[0];
  EXPECT_EQ(files[1], "rec-other.0");
}

TEST_F(Files, TextIsWhatTheScriptPrints) {
  add("global n\n" + on_marked_call("printf(\"%d\\n\", n++)"), "Format=text\nSize=64K\n");
  start();
  MarkedCalls calls({0}, 50'000);
  calls.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  std::string expected, found;
  for (int i = 0; i < 50'000; ++i) expected += std::to_string(i) + "\n";
  Names files = names();
  ASSERT_GE(files.size(), 4u);
  for (size_t number = 0; number < files.size(); ++number) {
    std::string part = read_text(path() + "." + std::to_string(number));
    // One print over the size, at most.
    EXPECT_LE(part.size(), (64u << 10) + 6);
    EXPECT_TRUE(number + 1 == files.size() || part.size() > 64u << 10);
    found += part;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(daemon_.client().statistics("marked")["FileRecords"], 50'000u);
}

TEST_F(Files, DevNullIsItself) {
  daemon_.add_profile("marked", marked_script(),
                      "Start=manual\n[File]\nPath=/dev/null\nSize=64K\nCount=2\n");
  start();
  MarkedCalls calls({0}, 1000);
  calls.join();
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_EQ(daemon_.client().statistics("marked")["FileRecords"], 1000u);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(fs::exists("/dev/null.0"));
}

// ---- while it records ---------------------------------------------------------------------------

TEST_F(Files, ARecordIsInTheFileSoonAndTheFileIsLocked) {
  add(marked_script());
  start();
  MarkedCalls calls({0}, 10);
  calls.join();
  auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_until([&] { return fs::exists(path()) && written_on_first_cpu() == 10; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3))
      << "a second, on a machine that has time";
  EXPECT_TRUE(read().live);
  EXPECT_EQ(read().findings, "");
}

TEST_F(Files, AWakeUpForHalfARingNotForAnEvent) {
  add(marked_script(), "", "Size=1M\n");
  start();
  MarkedCalls calls({0, 1}, 500'000);
  calls.join();
  uint64_t wakeups = 0;
  for (const auto& task :
       fs::directory_iterator("/proc/" + std::to_string(daemon_.pid()) + "/task")) {
    std::ifstream file(task.path() / "status");
    std::string name;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Name:")) name = line.substr(6);
      if (line.starts_with("voluntary_ctxt_switches:") && name == "stapd-filing")
        wakeups = std::stoull(line.substr(24));
    }
  }
  // Records of 24 bytes: 46 halves.
  EXPECT_GT(wakeups, 2u);
  EXPECT_LT(wakeups, 2000u);
  ASSERT_TRUE(daemon_.client().stop("marked"));
  expect_exact(read(), {500'000, 500'000});
}

// ---- killed -------------------------------------------------------------------------------------

TEST_F(Files, FiveSecondsWithoutADaemonAreInTheFileToo) {
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

// A small ring that overflows while nobody reads it, files that are switched often.
TEST_F(Files, KilledInManyRoundsTheLedgerOfTheFilesIsExact) {
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

TEST_F(Files, KilledInManyRoundsTheTextIsWhole) {
  add("global n\n" + on_marked_call("{ printf(\"%d\\n\", n++); for (i = 0; i < 300; i++) ; }"),
      "Format=text\nSize=32K\n", "Size=16M\n");
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
  uint64_t next = 0;
  for (std::string line; std::getline(lines, line); ++next)
    ASSERT_EQ(line, std::to_string(next)) << "in " << files << " files";
  EXPECT_EQ(next, calls.count(0));
}

TEST_F(Files, SigtermLeavesThemWithoutAnEndAndTheNextGoesOn) {
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

TEST_F(Files, ARestartEndsOneRecordingAndBeginsTheNext) {
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

TEST_F(Files, AnEndThatTheScriptAskedForIsWrittenToo) {
  add(on_marked_call("exit()") + "probe end { printf(\"bye\\n\") }\n");
  start();
  ::syscall(marked_call());
  ASSERT_TRUE(wait_until([&] { return daemon_.client().state_of("marked") == "stopped"; }));
  ASSERT_TRUE(daemon_.client().stop("marked"));
  EXPECT_EQ(read().output, "bye\n");
  EXPECT_EQ(read().findings, "");
}

// ---- disks that refuse --------------------------------------------------------------------------

class TinyDisk : public Files {
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
  MarkedCalls calls({0}, 200'000);
  calls.join();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_GE(fs::space(folder()).available, 100u << 10);
  Names files = names();
  EXPECT_EQ(std::count(files.begin(), files.end(), "rec.0"), 0) << "the oldest went first";
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

TEST_F(Files, AFolderThatIsRemovedIsSaidAndTakenWhenItIsThereAgain) {
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

TEST_F(Files, AStalledWriterOfTheSamePathIsNotOverwritten) {
  fs::create_directories(folder());
  int other = open((path() + ".4").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
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
