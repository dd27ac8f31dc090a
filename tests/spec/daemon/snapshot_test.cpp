// Copies of a recording, for those who may not have the recording itself.
#include <chrono>

#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

class Snapshots : public testing::Test {
 protected:
  using Copy = BusClient::Copy;

  void start(const std::string& size) {
    daemon_.add_profile("marked", marked_script(), "[Memory]\nSize=" + size + "\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  Copy take(uint32_t earlier = 0, uint32_t first = 0, const std::vector<uint64_t>& after = {}) {
    return daemon_.client().take_snapshot("marked", earlier, first, after);
  }
  static uint64_t kept(const MappedRecording& recording) {
    return recording.reader().take().total().kept;
  }

  DaemonUnderTest daemon_;
};

TEST_F(Snapshots, ReadLikeTheRecordingAndStayAsTheyWere) {
  start("64K");
  MarkedCalls({0, 1}, 100).join();
  Copy copy = take();
  ASSERT_TRUE(copy.recording) << daemon_.client().error();
  auto live = daemon_.client().open("marked");
  EXPECT_EQ(copy.recording->text(), live->text());
  EXPECT_EQ(copy.shape["First"], 0u);
  EXPECT_EQ(copy.shape["End"], copy.shape["Segments"]);
  EXPECT_EQ(copy.shape["Ended"], 0u);
  MarkedCalls({0, 1}, 100).join();
  EXPECT_EQ(kept(*copy.recording), 200u);
  EXPECT_EQ(kept(*live), 400u);
  EXPECT_TRUE(daemon_.says("marked: read by ")) << daemon_.log();
}

TEST_F(Snapshots, NobodyCanChangeThem) {
  start("64K");
  Copy copy = take();
  ASSERT_TRUE(copy.recording);
  int fd = copy.recording->ring_fd();
  EXPECT_LT(ftruncate(fd, 0), 0);
  EXPECT_LT(pwrite(fd, "x", 1, 0), 0);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
}

TEST_F(Snapshots, HaveWhatIsBehindTheGivenNumbers) {
  start("64K");
  MarkedCalls({0, 1}, 100).join();
  Copy copy = take(0, 0, {90, 95});
  ASSERT_TRUE(copy.recording);
  RingReader reader = copy.recording->reader();
  EXPECT_EQ(reader.read_new(0, 90).ledger().kept, 10u);
  EXPECT_EQ(reader.read_new(1, 95).ledger().kept, 5u);
  EXPECT_EQ(reader.read_new(0, 90).ledger().overwritten, 0u);
}

TEST_F(Snapshots, SayThatNothingFollows) {
  start("64K");
  MarkedCalls({0}, 7).join();
  ASSERT_TRUE(daemon_.client().stop("marked"));
  Copy copy = take();
  ASSERT_TRUE(copy.recording);
  EXPECT_EQ(copy.shape["Ended"], 1u);
  EXPECT_EQ(kept(*copy.recording), 7u);
}

TEST_F(Snapshots, OfEarlierRecordings) {
  start("64K");
  MarkedCalls({0}, 7).join();
  uint64_t before = take().shape["RingId"];
  ASSERT_TRUE(daemon_.client().restart("marked")) << daemon_.client().error();
  EXPECT_NE(take().shape["RingId"], before);
  EXPECT_EQ(kept(*take().recording), 0u);
  Copy earlier = take(1);
  ASSERT_TRUE(earlier.recording) << daemon_.client().error();
  EXPECT_EQ(earlier.shape["RingId"], before);
  EXPECT_EQ(kept(*earlier.recording), 7u);
  EXPECT_FALSE(take(2).recording);
  EXPECT_EQ(daemon_.client().error_name(), "org.stapd.Stapd1.Error.NotRecording");
}

TEST_F(Snapshots, OfALargeRingComeInParts) {
  start("16M");
  // More than fits: a record has 24 bytes.
  MarkedCalls({0, 1}, 800'000).join();
  auto live = daemon_.client().open("marked");
  Copy first = take();
  ASSERT_TRUE(first.recording) << daemon_.client().error();
  EXPECT_EQ(first.shape["End"], 1u);
  EXPECT_EQ(kept(*first.recording), live->reader().read_new(0, 0).ledger().kept);
  Copy second = take(0, 1);
  ASSERT_TRUE(second.recording);
  EXPECT_EQ(second.shape["First"], 1u);
  EXPECT_GT(second.shape["End"], 1u);
  EXPECT_EQ(kept(*first.recording) + kept(*second.recording), kept(*live));
}

TEST_F(Snapshots, WhateverIsAskedFor) {
  start("64K");
  MarkedCalls({0}, 5).join();
  Copy beyond = take(0, 4'000'000'000);
  ASSERT_TRUE(beyond.recording);
  EXPECT_EQ(beyond.shape["First"], beyond.shape["Segments"]);
  EXPECT_EQ(beyond.shape["End"], beyond.shape["Segments"]);
  Copy future = take(0, 0, std::vector<uint64_t>(100'000, UINT64_MAX));
  ASSERT_TRUE(future.recording);
  EXPECT_FALSE(take(UINT32_MAX).recording);
  EXPECT_EQ(kept(*take().recording), 5u) << "it still answers";
}

// The bound is generous; the measured time is printed.
TEST_F(Snapshots, TakeLittleTime) {
  start("1M");
  MarkedCalls({0, 1}, 60'000).join();
  std::vector<double> ms;
  for (int i = 0; i < 20; ++i) {
    auto begin = std::chrono::steady_clock::now();
    Copy copy = take();
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                     .count());
    ASSERT_TRUE(copy.recording);
  }
  std::sort(ms.begin(), ms.end());
  std::printf("a copy of 2 MB, and its way to the client: %.2f ms (median of 20)\n", ms[10]);
  EXPECT_LT(ms[10], 200);
}

}  // namespace
}  // namespace stapd::test
