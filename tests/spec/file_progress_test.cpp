// What the process that writes the files of stap -F -o tells of them, as whoever takes them over
// finds it: in a map.
#include "ctl/run/file_progress.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <filesystem>

namespace stapd::ctl {
namespace {

constexpr uint32_t kSegments = 3;
using Numbers = std::vector<uint64_t>;

class Progress : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<FileProgress>> made = FileProgress::make(options_, kSegments, file_);
    ASSERT_TRUE(made) << made.error().message;
    progress_ = std::move(*made);
    size_t size = FilingState::size_for(kSegments);
    void* seen = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, progress_->fd(), 0);
    ASSERT_NE(seen, MAP_FAILED);
    seen_ = MapMemory(seen, size);
  }
  FilingState state() {
    return std::move(*FilingState::open(seen_.data(), FilingState::size_for(kSegments)));
  }
  void write(size_t bytes, bool happened = true) {
    progress_->intend(file_, bytes);
    if (happened) file_.size += bytes;
    progress_->settle(happened);
  }
  static Numbers positions(const TextProgress& progress) {
    Numbers positions;
    for (const Delivery& delivery : progress.deliveries) positions.push_back(delivery.position);
    return positions;
  }

  OutputFileOptions options_{"/var/log/out-%Y", {1000, 2}};
  RotatedFile file_{4, "/var/log/out-2026.4", 1234, 0, 50};
  std::unique_ptr<FileProgress> progress_;
  MapMemory seen_;
};

TEST_F(Progress, AtFirstItNamesTheOpenFile) {
  FileSettings settings = state().settings();
  EXPECT_EQ(settings.path, options_.path);
  EXPECT_EQ(std::pair(settings.size, settings.count), std::pair(uint64_t{1000}, 2u));
  EXPECT_EQ(settings.format, FileSettings::Format::text);
  EXPECT_FALSE(state().intention());
  TextProgress first = state().progress();
  EXPECT_EQ(std::tuple(first.number, first.opened, first.size), std::tuple(4u, 1234u, 50u));
  EXPECT_EQ(positions(first), (Numbers{0, 0, 0}));
}

TEST_F(Progress, APathIsWithoutTheFolderOfItsWriter) {
  options_.path = "out";
  SetUp();
  EXPECT_EQ(state().settings().path, std::filesystem::current_path() / "out");
}

TEST_F(Progress, WhatIsIntendedIsTrueWhenItHasHappened) {
  progress_->take(0, 1, 1);
  progress_->intend(file_, 10);
  TextProgress after = *state().intention();
  EXPECT_EQ(std::tuple(after.size, after.written), std::tuple(60u, 1u));
  EXPECT_EQ(positions(after), (Numbers{1, 0, 0}));
  EXPECT_EQ(state().progress().size, 50u) << "not yet";
  EXPECT_EQ(positions(state().progress()), (Numbers{0, 0, 0}));
  progress_->settle(true);
  EXPECT_FALSE(state().intention());
  EXPECT_EQ(state().progress().size, 60u);
  EXPECT_EQ(positions(state().progress()), (Numbers{1, 0, 0}));
}

TEST_F(Progress, WhatTheDiskRefusedIsLeftOut) {
  progress_->take(0, 1, 1);
  write(10, false);
  EXPECT_EQ(state().progress().size, 50u);
  progress_->take(0, 2, 2);
  write(5);
  TextProgress now = state().progress();
  EXPECT_EQ(std::tuple(now.size, now.written, now.unwritten), std::tuple(55u, 1u, 1u));
  EXPECT_EQ(positions(now), (Numbers{2, 0, 0}));
}

TEST_F(Progress, WhatPrintsNothingIsToldWithTheNextPrint) {
  for (uint64_t number = 1; number <= 5; ++number) progress_->take(2, number, number);
  EXPECT_EQ(positions(state().progress()), (Numbers{0, 0, 0}));
  progress_->take(0, 1, 1);
  write(1);
  EXPECT_EQ(positions(state().progress()), (Numbers{1, 0, 5}));
}

TEST_F(Progress, WhatTheRingLostIsPassed) {
  progress_->take(1, 1, 1);
  progress_->take(1, 1000, 1000);
  write(1);
  TextProgress now = state().progress();
  EXPECT_EQ(positions(now), (Numbers{0, 1000, 0}));
  EXPECT_TRUE(now.deliveries[1].beyond.empty());
  EXPECT_EQ(now.overwritten, 998u);
}

TEST_F(Progress, WhatWasTakenBeforeItsTurnIsKnown) {
  progress_->take(1, 1, 1);
  for (uint64_t number : {4, 3}) progress_->take(1, number, 1);
  write(1);
  EXPECT_EQ(positions(state().progress()), (Numbers{0, 1, 0}));
  EXPECT_EQ(state().progress().deliveries[1].beyond, (std::set<uint64_t>{3, 4}));
  progress_->take(1, 2, 4);
  write(1);
  EXPECT_EQ(positions(state().progress()), (Numbers{0, 4, 0}));
  EXPECT_EQ(state().progress().overwritten, 0u);
}

TEST_F(Progress, TheNextFile) {
  write(10);
  file_ = {5, "/var/log/out-2027.5", 5678, 0, 0};
  write(7);
  TextProgress now = state().progress();
  EXPECT_EQ(std::tuple(now.number, now.opened, now.size), std::tuple(5u, 5678u, 7u));
  EXPECT_EQ(now.written, 2u);
}

}  // namespace
}  // namespace stapd::ctl
