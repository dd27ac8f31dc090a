// Somebody sets the wall clock while it records, a year forward and back again: nothing is lost, or
// older than it is.
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/support/files_under_test.h"

namespace stapd::test {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kYear = 366 * 86'400 * kSecond;

// stapd's wall clock is the host's, and so much more.
class WallClock : public FilesTest {
 protected:
  void SetUp() override {
    std::string path = daemon_.root() + "/clock";
    int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    ASSERT_EQ(ftruncate(fd, sizeof *jump_), 0);
    jump_ = static_cast<volatile int64_t*>(
        mmap(nullptr, sizeof *jump_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ASSERT_NE(jump_, MAP_FAILED);
    close(fd);
    setenv("STAPD_TEST_CLOCK", path.c_str(), 1);
    setenv("LD_PRELOAD", SHIFTED_CLOCK, 1);
  }
  void TearDown() override {
    unsetenv("LD_PRELOAD");
    munmap(const_cast<int64_t*>(jump_), sizeof *jump_);
  }
  void set_clock(int64_t ahead) { *jump_ = ahead; }
  void record(uint64_t count) {
    MarkedCalls({0}, count).join();
    made_ += count;
    ASSERT_TRUE(
        wait_until([&] { return daemon_.client().statistics("marked")["FileRecords"] >= made_; }));
  }
  void next_file() {
    uint64_t files = daemon_.client().statistics("marked")["Files"];
    kill(daemon_.pid(), SIGUSR2);
    record(10);
    ASSERT_TRUE(wait_until([&] {
      return daemon_.client().statistics("marked")["Files"] == files + 1;
    })) << files;
  }
  // Of the name of the newest file, by number.
  int year_of(const std::string& number) const {
    for (const std::string& name : names())
      if (name.ends_with("." + number)) return std::stoi(name.substr(4, 4));
    return 0;
  }

  volatile int64_t* jump_ = nullptr;
  uint64_t made_ = 0;
};

TEST_F(WallClock, FilesHaveTheirTimeAndAge) {
  daemon_.add_profile(
      "marked", marked_script(),
      "Start=manual\n[Memory]\nSize=1M\n[File]\nPath=" + folder() + "/rec-%Y\nMaxAge=1h\n");
  start();
  record(100);
  int year = year_of("0");
  ASSERT_GT(year, 2000);
  next_file();
  set_clock(kYear);
  record(10);
  next_file();  // looks at the ages of all files
  EXPECT_EQ(year_of("2"), year + 1);
  set_clock(0);
  record(10);
  next_file();
  EXPECT_EQ(year_of("3"), year);
  EXPECT_EQ(names().size(), 4u) << "none is an hour old";
  set_clock(-kYear);
  daemon_.kill_now();
  daemon_.start();
  record(100);
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  EXPECT_EQ(names().size(), 4u) << "it goes on in the last one";
  FileContent content = read();
  expect_exact(content, {made_}, 1);
}

// A record's time is that of the clock when it was written, and a time span is one of the boot's.
TEST_F(WallClock, DepthAndTimesStaySane) {
  add(marked_script(), "", "Size=64K\nKeep=1s\n");
  start();
  MarkedCalls({0}, 20'000).join();  // overwrites
  for (int64_t jump : {kYear, -kYear, int64_t{0}}) {
    set_clock(jump);
    MarkedCalls({0}, 20'000).join();
    auto statistics = daemon_.client().statistics("marked");
    EXPECT_LT(statistics["DepthNSec"], uint64_t{60 * kSecond});
    EXPECT_LT(statistics["WorstDepthNSec"], uint64_t{60 * kSecond});
    EXPECT_GT(statistics["WorstDepthNSec"], 0u) << "of the day that it is now";
  }
  ASSERT_TRUE(daemon_.client().stop("marked")) << daemon_.client().error();
  FileContent content = read();
  EXPECT_EQ(content.findings, "");
  EXPECT_EQ(content.numbers[0].size() + content.ledger[0].overwritten, 80'000u);
}

}  // namespace
}  // namespace stapd::test
