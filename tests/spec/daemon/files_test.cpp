// File mode: a session's records in files, by their names, sizes and counts, exactly.
#include <sys/file.h>

#include <regex>

#include "tests/support/files_under_test.h"

namespace stapd::test {
namespace {

class Files : public FilesTest {};

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
  // More than the ring holds is not written when the writer gets no time.
  uint64_t made = 0;
  ASSERT_TRUE(wait_until([&] {
    MarkedCalls({0, 1}, 20'000).join();
    made += 20'000;
    Names files = names();
    return files.size() == 3 && files[0] != "rec.0" && files[0] != "rec.1";
  }));
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
  EXPECT_EQ(content.ledger[0].written + content.ledger[0].overwritten, made);
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
  std::ofstream(folder() + "/rec-2001-02-03.7") << "of another year";
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
  add("global n\n" + on_marked_call("printf(\"%d\\n\", n++)"), "Format=text\nSize=64K\n",
      "Size=4M\n");
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

TEST_F(Files, Sigusr2BeginsANewFile) {
  for (const char* format : {"recording", "text"}) {
    fs::remove_all(folder());
    add(marked_script(), std::string("Format=") + format + "\n");
    if (daemon_.pid() < 0) daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
    for (uint64_t files = 1; files < 4; ++files) {
      MarkedCalls calls({0}, 10);
      calls.join();
      ASSERT_TRUE(wait_until([&] {
        auto statistics = daemon_.client().statistics("marked");
        return statistics["Files"] == files && statistics["FileRecords"] == 10 * files;
      })) << daemon_.client().statistics("marked")["FileRecords"];
      kill(daemon_.pid(), SIGUSR2);
    }
    ASSERT_TRUE(daemon_.client().stop("marked"));
    EXPECT_EQ(names(), (Names{"rec", "rec.1", "rec.2"})) << format;
  }
}

TEST_F(Files, AnEndHandlerThatPrintsMoreThanItsRingHoldsIsWholeInTheFile) {
  add("probe end { for (i = 0; i < 4500; i++) printf(\"%d a line that is long enough\\n\", i) }\n",
      "Format=text\n", "Size=64K\n");
  start();
  ASSERT_TRUE(wait_until([&] { return !names().empty(); }));
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  std::string expected;
  for (int i = 0; i < 4500; ++i) expected += std::to_string(i) + " a line that is long enough\n";
  EXPECT_EQ(read_text(path()), expected);
}

}  // namespace
}  // namespace stapd::test
