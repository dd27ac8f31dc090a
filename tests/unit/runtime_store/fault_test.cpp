// Writers on bad and full disks, and writers that are killed: what was acknowledged is there, the
// rest is counted, and it goes on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <numeric>
#include <set>

#include "runtime/store/recording_resume.h"
#include "tests/support/fault_files.h"
#include "tests/support/recording_samples.h"
#include "tests/support/test_ring.h"

namespace stapd {
namespace {

using namespace test;
using Values = std::vector<uint64_t>;

Values range(uint64_t first, uint64_t count) {
  Values values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

std::unique_ptr<RecordingReader> read(const std::vector<std::string>& files) {
  auto reader = std::make_unique<RecordingReader>();
  for (const std::string& file : files) EXPECT_TRUE(reader->add_file(file));
  reader->open();
  return reader;
}

class Faults : public testing::Test {
 protected:
  RotationOptions rotation(uint64_t size = 0) {
    RotationOptions options;
    options.path = folder_.file("rec");
    options.size = size;
    return options;
  }

  TempFolder folder_;
  FaultFiles layer_;
  RecordingInfo info_ = sample_info();
  RecordingOptions small_{3, 1000, 100'000, 0};
};

TEST_F(Faults, AFullDiskDelaysAndLosesNothingThatFitsTheMemory) {
  RecordingWriter writer(layer_, rotation(), info_, small_);
  ASSERT_TRUE(writer.start());
  add_samples(writer, info_, 0, 500);
  ASSERT_TRUE(writer.settle({}));
  layer_.room = 100;
  add_samples(writer, info_, 500, 500);
  EXPECT_FALSE(writer.settle({}));
  EXPECT_FALSE(writer.settle({}));
  EXPECT_TRUE(writer.trouble().failing());
  EXPECT_TRUE(writer.is_waiting());
  layer_.room = UINT64_MAX;
  add_samples(writer, info_, 1000, 500);
  EXPECT_TRUE(writer.settle({}));
  EXPECT_FALSE(writer.trouble().failing());
  EXPECT_EQ(writer.unwritten(), 0u);
  ASSERT_TRUE(writer.finish("stopped"));
  auto reader = read(folder_.files());
  EXPECT_EQ(read_samples(*reader), range(0, 1500));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Faults, WhatNoLongerFitsTheMemoryIsCounted) {
  small_.max_waiting = 2000;
  RecordingWriter writer(layer_, rotation(), info_, small_);
  ASSERT_TRUE(writer.start());
  layer_.write_error = EIO;
  add_samples(writer, info_, 0, 5000);
  EXPECT_FALSE(writer.settle({}));
  EXPECT_GT(writer.unwritten(), 1000u);
  layer_.write_error = 0;
  add_samples(writer, info_, 5000, 100);
  ASSERT_TRUE(writer.finish("stopped"));
  auto reader = read(folder_.files());
  Values values = read_samples(*reader);
  EXPECT_EQ(values.size() + writer.unwritten(), 5100u);
  EXPECT_EQ(values.back(), 5099u);
  uint64_t written = 0, unwritten = 0;
  for (const SegmentTotals& totals : reader->ledger(0)) {
    written += totals.written;
    unwritten += totals.unwritten;
  }
  EXPECT_EQ(written, values.size());
  EXPECT_EQ(unwritten, writer.unwritten());
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Faults, OneMessageWhenItBeginsAndOneWhenItEnds) {
  Trouble trouble;
  Status bad = fail(ErrorCode::io, "disk on fire");
  EXPECT_EQ(trouble.note({}), Trouble::Change::none);
  EXPECT_EQ(trouble.note(bad), Trouble::Change::began);
  EXPECT_EQ(trouble.note(bad), Trouble::Change::none);
  EXPECT_EQ(trouble.failures(), 2u);
  EXPECT_EQ(trouble.message(), "disk on fire");
  EXPECT_EQ(trouble.note({}), Trouble::Change::ended);
  EXPECT_EQ(trouble.note({}), Trouble::Change::none);
}

TEST_F(Faults, ShortWritesAreContinued) {
  layer_.longest_write = 5;
  layer_.interrupts = 10;
  RecordingWriter writer(layer_, rotation(), info_, small_);
  ASSERT_TRUE(writer.start());
  add_samples(writer, info_, 0, 200);
  ASSERT_TRUE(writer.finish("stopped"));
  auto reader = read(folder_.files());
  EXPECT_EQ(read_samples(*reader), range(0, 200));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Faults, ABlockThatCouldNotBeTakenBackIsSteppedOver) {
  RecordingWriter writer(layer_, rotation(), info_, small_);
  ASSERT_TRUE(writer.start());
  layer_.keeps_torn = true;
  layer_.room = 60;
  add_samples(writer, info_, 0, 300);
  EXPECT_FALSE(writer.settle({}));
  layer_.room = UINT64_MAX;
  ASSERT_TRUE(writer.finish("stopped"));
  auto reader = read(folder_.files());
  EXPECT_EQ(read_samples(*reader), range(0, 300));
  EXPECT_TRUE(has_finding(*reader, Finding::Kind::damage));
}

TEST_F(Faults, AnUnwritableFolderIsAnErrorAtOnce) {
  layer_.create_error = EROFS;
  RecordingWriter writer(layer_, rotation(), info_, small_);
  EXPECT_FALSE(writer.start());
  add_samples(writer, info_, 0, 200);
  EXPECT_FALSE(writer.settle({}));
  layer_.create_error = 0;
  EXPECT_TRUE(writer.settle({}));
  ASSERT_TRUE(writer.finish("stopped"));
  EXPECT_EQ(read_samples(*read(folder_.files())), range(0, 200));
}

TEST_F(Faults, TheDiskIsAskedNowAndThen) {
  small_.sync_ns = 1;
  RecordingWriter writer(layer_, rotation(), info_, small_);
  ASSERT_TRUE(writer.start());
  add_samples(writer, info_, 0, 10);
  ASSERT_TRUE(writer.settle({}));
  EXPECT_EQ(layer_.syncs, 1u);
}

// ---- SIGKILL at every write ---------------------------------------------------------------------

// A ring that two processes share, and what its producer wrote there.
class SharedRing {
 public:
  static constexpr uint32_t kSegment = 64u << 10;
  SharedRing() {
    size_t size = segment_value_size(kSegment) * kSampleSegments;
    base_ = static_cast<std::byte*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  ~SharedRing() { munmap(base_, segment_value_size(kSegment) * kSampleSegments); }

  RingMapping mapping() const {
    return {base_, kSegment, segment_value_size(kSegment), kSampleSegments};
  }
  // Record `value` on segment value % kSampleSegments.
  void produce(const RecordFormat& format, uint64_t value) {
    std::string text = sample_text(value);
    RecordValue values[] = {RecordValue::of(static_cast<int64_t>(value)), RecordValue::of(text)};
    auto segment = static_cast<uint32_t>(value % kSampleSegments);
    RingWriter(base_ + segment * segment_value_size(kSegment), kSegment)
        .write(0, format, kSampleBoot + value * 1000, values);
  }

 private:
  std::byte* base_;
};

// Follows the ring into files until it is told to be killed: says how many values were settled.
class KilledRecorder {
 public:
  KilledRecorder(const TempFolder& folder, const RecordingInfo& info, SharedRing& ring)
      : folder_(folder), info_(info), ring_(ring) {}

  // Records `rounds` of 40 values from `first` on in another process, which is killed in its
  // `deadly`-th write after `bytes` of it. Gives the number of values that were acknowledged, and
  // whether it was killed.
  std::pair<uint64_t, bool> run(uint64_t first, int rounds, uint64_t deadly, int64_t bytes) {
    int pipe_fds[2];
    EXPECT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
      record(first, rounds, deadly, bytes, pipe_fds[1]);
      _exit(0);
    }
    ::close(pipe_fds[1]);
    uint64_t acknowledged = first, value;
    while (::read(pipe_fds[0], &value, sizeof value) == sizeof value) acknowledged = value;
    ::close(pipe_fds[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return {acknowledged, WIFSIGNALED(status)};
  }

 private:
  void record(uint64_t first, int rounds, uint64_t deadly, int64_t bytes, int tell) {
    FaultFiles layer;
    layer.kill_after = [&](std::string_view all) {
      return layer.writes == deadly ? std::min<int64_t>(bytes, static_cast<int64_t>(all.size()))
                                    : -1;
    };
    RotationOptions options;
    options.path = folder_.file("rec");
    options.size = 3000;
    ResumePoint point;
    if (auto found = find_resume_point(folder_.files())) point = std::move(*found);
    RingReader reader(ring_.mapping(), info_.formats);
    FollowOptions follow;
    follow.settle_ns = 5000;  // five values are held back
    follow.positions = point.positions;
    RingFollower follower(reader, follow);
    RecordingOptions small;
    small.block_weight = 600;
    RecordingWriter writer(layer, options, info_, small, point.files, point.resume);
    if (!writer.start()) _exit(1);
    uint64_t value = first;
    for (int round = 0; round <= rounds; ++round) {
      for (int i = 0; i < 40 && round < rounds; ++i) ring_.produce(info_.formats[0], value++);
      uint64_t now = kSampleBoot + value * 1000;
      round < rounds ? follower.poll(now) : follower.flush(now);
      uint64_t last = 0;
      for (RingRecord record; follower.next(record);) {
        writer.add(record);
        last = (record.time - kSampleBoot) / 1000 + 1;
      }
      if (writer.settle(report_of(follower, reader)) && last)
        if (::write(tell, &last, sizeof last) != sizeof last) _exit(1);
    }
    if (!writer.finish("stopped")) _exit(1);
  }

  const TempFolder& folder_;
  const RecordingInfo& info_;
  SharedRing& ring_;
};

// Nothing twice, nothing but a gap of what was lost in the ring; everything acknowledged is there.
void expect_exact(const TempFolder& folder, uint64_t acknowledged, uint64_t produced) {
  auto reader = read(folder.files());
  Values values = read_samples(*reader);
  std::set<uint64_t> different(values.begin(), values.end());
  EXPECT_EQ(different.size(), values.size()) << "a record is there twice";
  EXPECT_FALSE(different.contains(UINT64_MAX));
  for (uint64_t value = 0; value < acknowledged; ++value)
    ASSERT_TRUE(different.contains(value)) << value << " was acknowledged and is not there";
  uint64_t lost = 0;
  for (const SegmentTotals& totals : reader->ledger(0))
    lost += totals.overwritten + totals.abandoned + totals.unreadable + totals.unwritten;
  EXPECT_EQ(values.size() + lost, produced);
}

TEST_F(Faults, KilledAtEveryWriteAndTakenUpAgain) {
  constexpr int kRounds = 6;
  for (int64_t bytes : {0, 1, 50, 150, 1 << 30}) {
    for (uint64_t deadly = 1;; ++deadly) {
      TempFolder folder;
      SharedRing ring;
      KilledRecorder recorder(folder, info_, ring);
      auto [acknowledged, killed] = recorder.run(0, kRounds, deadly, bytes);
      if (killed) {
        auto reader = read(folder.files());
        Values values = read_samples(*reader);
        ASSERT_GE(values.size(), acknowledged);
        ASSERT_EQ(values, range(0, values.size()));
        // Whole only when the kill came right behind the end block.
        if (reader->is_whole()) {
          ASSERT_EQ(values.size(), kRounds * 40u);
        }
      }
      // Another one goes on where it stopped; the ring held what came meanwhile.
      uint64_t produced = 0;
      RingReader counter(ring.mapping(), info_.formats);
      for (uint32_t i = 0; i < kSampleSegments; ++i) produced += counter.counters(i).produced;
      auto [again, killed_again] = recorder.run(produced, 2, UINT64_MAX, 0);
      ASSERT_FALSE(killed_again);
      EXPECT_EQ(again, produced + 80);
      expect_exact(folder, again, produced + 80);
      if (!killed) break;
      ASSERT_LT(deadly, 200u);
    }
  }
}

TEST_F(Faults, WhatTheRingLostWhileNobodyRecordedIsCountedExactly) {
  TempFolder folder;
  SharedRing ring;
  KilledRecorder recorder(folder, info_, ring);
  // Killed in the middle: blocks behind the last settled one are written already.
  auto [acknowledged, killed] = recorder.run(0, 6, 9, 1 << 30);
  ASSERT_TRUE(killed);
  RingReader counter(ring.mapping(), info_.formats);
  uint64_t produced = 0;
  for (uint32_t i = 0; i < kSampleSegments; ++i) produced += counter.counters(i).produced;
  for (uint64_t i = 0; i < 20'000; ++i) ring.produce(info_.formats[0], produced++);
  recorder.run(produced, 1, UINT64_MAX, 0);
  auto reader = read(folder.files());
  Values values = read_samples(*reader);
  uint64_t lost = 0;
  for (const SegmentTotals& totals : reader->ledger(0)) lost += totals.overwritten;
  EXPECT_GT(lost, 10'000u);
  EXPECT_EQ(values.size() + lost, produced + 40);
  EXPECT_EQ(std::set<uint64_t>(values.begin(), values.end()).size(), values.size());
  EXPECT_GE(values.size(), acknowledged);
}

TEST_F(Faults, WrittenBehindAPositionAndThenOverwrittenIsNotLost) {
  std::vector<SegmentReport> report(kSampleSegments);
  {
    RecordingWriter writer(layer_, rotation(), info_, small_);
    ASSERT_TRUE(writer.start());
    add_samples(writer, info_, 0, 30);
    for (SegmentReport& segment : report) segment.position = 10;
    ASSERT_TRUE(writer.settle(report));
    add_samples(writer, info_, 30, 300);  // full blocks are written, nothing is settled
  }
  auto point = find_resume_point(folder_.files());
  ASSERT_TRUE(point);
  EXPECT_EQ(point->positions, (std::vector<uint64_t>{10, 10, 10}));
  size_t behind = point->resume.written[0].size();
  ASSERT_GT(behind, 50u);
  RotationOptions options = rotation();
  RecordingWriter writer(layer_, options, info_, small_, point->files, point->resume);
  ASSERT_TRUE(writer.start());
  // Meanwhile the ring overwrote 1000 records of segment 0 behind number 10.
  report[0] = {1010, 1000, 0, 0, {}};
  ASSERT_TRUE(writer.settle(report));
  ASSERT_TRUE(writer.finish("stopped"));
  auto reader = read(folder_.files());
  SegmentTotals totals = reader->ledger(0)[0];
  EXPECT_EQ(totals.written, 10 + behind);
  EXPECT_EQ(totals.overwritten, 1000 - behind);
}

TEST_F(Faults, WithoutAnyBlockThereIsNothingToGoOnWith) {
  auto point = find_resume_point({});
  ASSERT_FALSE(point);
  EXPECT_EQ(point.error().code, ErrorCode::not_found);
  write_file(folder_.file("junk"), "junk");
  EXPECT_FALSE(find_resume_point(folder_.files()));
}

}  // namespace
}  // namespace stapd
