// Sinks on bad and full disks, and after kills.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "runtime/filing/find_files.h"
#include "runtime/filing/record_sink.h"
#include "runtime/store/recording_reader.h"
#include "tests/support/fault_files.h"
#include "tests/support/recording_samples.h"

namespace stapd {
namespace {

using namespace test;
using Format = FileSettings::Format;
using Names = std::vector<std::string>;

class Sinks : public testing::Test {
 protected:
  void make(Format format, uint64_t size = 0, uint32_t count = 0) {
    settings_.path = folder_.file("rec");
    settings_.format = format;
    settings_.size = size;
    settings_.count = count;
    area_.assign(FilingState::size_for(kSampleSegments), std::byte{0});
    FilingState::make(area_.data(), settings_, kSampleSegments);
    info_ = std::make_shared<const RecordingInfo>(sample_info());
  }
  // What a writer finds after the one before it is gone.
  Result<std::unique_ptr<RecordSink>> open() {
    state_.reset();
    state_.emplace(std::move(*FilingState::open(area_.data(), area_.size())));
    SinkInput input{layer_, *state_, info_};
    return settings_.format == Format::text ? open_text_sink(input) : open_recording_sink(input);
  }
  static void add(RecordSink& sink, uint64_t first, uint64_t count) {
    for (uint64_t value = first; value < first + count; ++value)
      sink.add(sample_record(sample_info().formats[0], value).record);
  }
  // As if the ring had been read up to `values`.
  static std::vector<SegmentReport> report(uint64_t values) {
    std::vector<SegmentReport> segments(kSampleSegments);
    for (uint64_t i = 0; i < kSampleSegments; ++i)
      segments[i].position = (values + kSampleSegments - 1 - i) / kSampleSegments;
    return segments;
  }
  static std::string text(uint64_t first, uint64_t count) {
    std::string all;
    for (uint64_t value = first; value < first + count; ++value)
      all += "value " + std::to_string(value) + " " + sample_text(value) + "\n";
    return all;
  }
  std::string all_text() {
    std::string all;
    for (const RotatedFile& file : files()) all += read_file(file.path);
    return all;
  }
  std::vector<RotatedFile> files() { return find_rotated_files(folder_.file("rec")); }
  std::vector<uint64_t> recorded(std::string* findings = nullptr) {
    RecordingReader reader;
    for (const std::string& path : folder_.files()) EXPECT_TRUE(reader.add_file(path));
    reader.open();
    std::vector<uint64_t> values = read_samples(reader);
    if (findings) *findings = findings_text(reader);
    return values;
  }
  static std::vector<uint64_t> range(uint64_t count) {
    std::vector<uint64_t> values(count);
    std::iota(values.begin(), values.end(), 0);
    return values;
  }

  TempFolder folder_;
  FaultFiles layer_;
  FileSettings settings_;
  std::vector<std::byte> area_;
  std::optional<FilingState> state_;
  std::shared_ptr<const RecordingInfo> info_;
};

TEST_F(Sinks, TextIsSwitchedAsSystemTapDoesIt) {
  make(Format::text, 1000, 3);
  auto sink = open();
  ASSERT_TRUE(sink);
  for (uint64_t at = 0; at < 1000; at += 250) {
    add(**sink, at, 250);
    ASSERT_TRUE((*sink)->settle(report(at + 250), true));
  }
  ASSERT_TRUE((*sink)->finish("stopped"));
  auto there = files();
  ASSERT_EQ(there.size(), 3u);
  size_t longest = text(999, 1).size() + 23;
  for (const RotatedFile& file : there) {
    std::string content = read_file(file.path);
    EXPECT_LE(content.size(), 1000 + longest);
    EXPECT_TRUE(content.starts_with("value ")) << "prints are not cut";
    EXPECT_TRUE(file.path == there.back().path || content.size() > 1000);
  }
  EXPECT_EQ((*sink)->counts().written, 1000u);
  EXPECT_TRUE(text(0, 1000).ends_with(all_text()));
}

TEST_F(Sinks, OnlyWhatTheScriptPrintsIsText) {
  make(Format::text);
  auto sink = open();
  ASSERT_TRUE(sink);
  std::string error = record_bytes(sample_info().formats[2], 2,
                                   {RecordValue::of(std::vector<uint64_t>(7, 1))}, 99, 1);
  (*sink)->add({error, 0, 1, 99});
  (*sink)->add({"junk", 0, 2, 99});
  add(**sink, 6, 1);
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ(all_text(), text(6, 1));
}

TEST_F(Sinks, AFullDiskDelaysText) {
  make(Format::text, 2000);
  auto sink = open();
  ASSERT_TRUE(sink);
  add(**sink, 0, 100);
  ASSERT_TRUE((*sink)->settle(report(100), true));
  layer_.room = 30;
  add(**sink, 100, 300);
  EXPECT_FALSE((*sink)->settle(report(400), true));
  EXPECT_FALSE((*sink)->settle(report(400), true));
  EXPECT_TRUE((*sink)->trouble().failing());
  layer_.room = UINT64_MAX;
  EXPECT_TRUE((*sink)->settle(report(400), true));
  EXPECT_FALSE((*sink)->trouble().failing());
  add(**sink, 400, 100);
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ(all_text(), text(0, 500));
  EXPECT_EQ((*sink)->counts().written, 500u);
  EXPECT_EQ((*sink)->counts().unwritten, 0u);
}

// What a ring holds when nobody looked for a while is more text than may wait for the disk.
TEST_F(Sinks, ABatchOfAnySizeIsWritten) {
  for (uint64_t size : {0u, 1u << 20}) {
    make(Format::text, size);
    auto sink = open();
    ASSERT_TRUE(sink);
    constexpr uint64_t kMany = 400'000;
    ASSERT_GT(text(0, kMany).size(), 2 * (4u << 20));
    add(**sink, 0, kMany);
    ASSERT_TRUE((*sink)->settle(report(kMany), true));
    EXPECT_EQ((*sink)->counts().written, kMany);
    EXPECT_EQ((*sink)->counts().unwritten, 0u);
    ASSERT_TRUE((*sink)->finish("stopped"));
    EXPECT_TRUE(all_text() == text(0, kMany)) << all_text().size() << " bytes";
    for (const std::string& path : folder_.files()) std::filesystem::remove(path);
  }
}

TEST_F(Sinks, ADiskThatRefusesInABatchIsTrouble) {
  make(Format::text);
  auto sink = open();
  ASSERT_TRUE(sink);
  layer_.write_error = EIO;
  add(**sink, 0, 300'000);
  EXPECT_TRUE((*sink)->trouble().failing());
  EXPECT_EQ(layer_.writes, 1u) << "it is asked once a batch";
}

TEST_F(Sinks, TextThatFindsNoRoomForLongIsCounted) {
  make(Format::text);
  auto sink = open();
  ASSERT_TRUE(sink);
  layer_.write_error = EIO;
  constexpr uint64_t kMany = 300'000;
  add(**sink, 0, kMany);
  EXPECT_FALSE((*sink)->settle(report(kMany), true));
  uint64_t lost = (*sink)->counts().unwritten;
  EXPECT_GT(lost, 10'000u);
  EXPECT_LT(lost, kMany - 10'000);
  layer_.write_error = 0;
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ(all_text(), text(0, kMany - lost));
}

TEST_F(Sinks, AFileThatCannotBeOpenedIsTriedAgain) {
  for (Format format : {Format::text, Format::recording}) {
    make(format);
    layer_.create_error = EROFS;
    auto sink = open();
    ASSERT_TRUE(sink);
    EXPECT_FALSE((*sink)->settle(report(0), true));
    EXPECT_TRUE((*sink)->trouble().failing());
    add(**sink, 0, 10);
    EXPECT_FALSE((*sink)->settle(report(10), true));
    layer_.create_error = 0;
    EXPECT_TRUE((*sink)->settle(report(10), true));
    ASSERT_TRUE((*sink)->finish("stopped"));
    EXPECT_EQ((*sink)->counts().written, 10u);
    for (const std::string& path : folder_.files()) std::filesystem::remove(path);
  }
}

TEST_F(Sinks, WhatTheDiskRefusesInTheEndIsCounted) {
  for (Format format : {Format::text, Format::recording}) {
    make(format);
    auto sink = open();
    ASSERT_TRUE(sink);
    layer_.write_error = ENOSPC;
    add(**sink, 0, 10);
    EXPECT_FALSE((*sink)->settle(report(10), true));
    EXPECT_FALSE((*sink)->finish("stopped"));
    EXPECT_EQ((*sink)->counts().written, 0u);
    EXPECT_EQ((*sink)->counts().unwritten, 10u);
    layer_.write_error = 0;
    for (const std::string& path : folder_.files()) std::filesystem::remove(path);
  }
}

TEST_F(Sinks, AFileThatSomebodyRemovedGivesWay) {
  for (Format format : {Format::text, Format::recording}) {
    make(format);
    auto sink = open();
    ASSERT_TRUE(sink);
    add(**sink, 0, 10);
    ASSERT_TRUE((*sink)->settle(report(10), true));
    std::filesystem::remove(folder_.file("rec"));
    ASSERT_TRUE((*sink)->settle(report(10), true));  // sees it
    add(**sink, 10, 10);
    ASSERT_TRUE((*sink)->settle(report(20), true));
    EXPECT_EQ(folder_.names(), Names{"rec.1"});
    ASSERT_TRUE((*sink)->finish("stopped"));
    EXPECT_GT(std::filesystem::file_size(folder_.file("rec.1")), 100u);
    std::filesystem::remove(folder_.file("rec.1"));
  }
}

// ---- killed -------------------------------------------------------------------------------------

TEST_F(Sinks, ARecordingGoesOnInTheSameFile) {
  make(Format::recording);
  {
    auto sink = open();
    ASSERT_TRUE(sink);
    add(**sink, 0, 100);
    ASSERT_TRUE((*sink)->settle(report(100), true));
  }
  std::ofstream(folder_.file("rec"), std::ios::app) << "torn";
  auto sink = open();
  ASSERT_TRUE(sink);
  EXPECT_EQ((*sink)->positions(), (std::vector<uint64_t>{34, 33, 33}));
  EXPECT_EQ((*sink)->counts().written, 100u);
  add(**sink, 100, 100);
  ASSERT_TRUE((*sink)->settle(report(200), true));
  ASSERT_TRUE((*sink)->finish("stopped"));
  std::string findings;
  EXPECT_EQ(recorded(&findings), range(200));
  EXPECT_EQ(findings, "");
  EXPECT_EQ(folder_.names(), Names{"rec"});
}

// Whoever is killed behind the last block, before anybody knows that it is written.
TEST_F(Sinks, ARecordingThatHasItsEndGetsNoOther) {
  make(Format::recording, 100'000);
  {
    auto sink = open();
    add(**sink, 0, 100);
    ASSERT_TRUE((*sink)->settle(report(100), true));
    ASSERT_TRUE((*sink)->finish("stopped"));
  }
  std::string before = read_file(folder_.file("rec.0"));
  auto sink = open();
  ASSERT_TRUE(sink);
  ASSERT_TRUE((*sink)->settle(report(100), true));
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ((*sink)->counts().written, 100u);
  EXPECT_EQ(folder_.names(), Names{"rec.0"});
  EXPECT_EQ(read_file(folder_.file("rec.0")), before);
}

TEST_F(Sinks, AnEmptyFileOfADeadWriterIsTakenAgain) {
  make(Format::recording, 100'000);
  {
    auto sink = open();
    add(**sink, 0, 100);
    ASSERT_TRUE((*sink)->settle(report(100), true));
  }
  write_file(folder_.file("rec.1"), "");
  auto sink = open();
  add(**sink, 100, 1);
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ(folder_.names(), Names{"rec.0"});
}

TEST_F(Sinks, AnEmptyFileOfOneThatDiedAtOnceIsTaken) {
  make(Format::recording, 100'000);
  write_file(folder_.file("rec.0"), "");
  auto sink = open();
  add(**sink, 0, 100);
  ASSERT_TRUE((*sink)->finish("stopped"));
  std::string findings;
  EXPECT_EQ(recorded(&findings), range(100));
  EXPECT_EQ(findings, "");
  EXPECT_EQ(folder_.names(), Names{"rec.0"});
}

TEST_F(Sinks, WhenTheFilesWereMovedAwayAnotherRecordingBegins) {
  make(Format::recording, 100'000);
  RecordingId before{};
  {
    auto sink = open();
    before = state_->recording();
    add(**sink, 0, 10);
    ASSERT_TRUE((*sink)->settle(report(10), true));
  }
  std::filesystem::rename(folder_.file("rec.0"), folder_.file("moved"));
  auto sink = open();
  EXPECT_NE(state_->recording(), before);
  EXPECT_TRUE((*sink)->positions().empty()) << "all that the ring has";
}

// Adds 5 values a round and settles; killed in its `deadly`-th write after `bytes` of it.
void write_until_killed(RecordSink& sink, uint64_t first, uint64_t count,
                        const std::function<std::vector<SegmentReport>(uint64_t)>& report,
                        const std::function<void(RecordSink&, uint64_t, uint64_t)>& add) {
  for (uint64_t at = first; at < first + count; at += 5) {
    add(sink, at, 5);
    if (!sink.settle(report(at + 5), true)) _exit(1);
  }
}

TEST_F(Sinks, TextKilledAtEveryWriteIsWhole) {
  constexpr uint64_t kValues = 60;
  for (int64_t bytes : {0, 1, 40, 1 << 20}) {
    for (uint64_t deadly = 1;; ++deadly) {
      make(Format::text, 150);
      // Shared with the child, as a pinned map is.
      auto* shared = static_cast<std::byte*>(
          mmap(nullptr, area_.size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
      std::copy(area_.begin(), area_.end(), shared);
      pid_t child = fork();
      if (child == 0) {
        FilingState state = std::move(*FilingState::open(shared, area_.size()));
        layer_.kill_after = [&](std::string_view all) {
          return layer_.writes == deadly
                     ? std::min<int64_t>(bytes, static_cast<int64_t>(all.size()))
                     : -1;
        };
        auto sink = open_text_sink({layer_, state, info_});
        if (!sink) _exit(1);
        write_until_killed(**sink, 0, kValues, report, add);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
      std::copy(shared, shared + area_.size(), area_.begin());
      munmap(shared, area_.size());
      auto sink = open();
      ASSERT_TRUE(sink);
      // The ring still has all: what is wanted of it again is what is not there.
      std::vector<uint64_t> positions = (*sink)->positions();
      for (uint64_t value = 0; value < kValues; ++value)
        if (value / kSampleSegments + 1 > positions[value % kSampleSegments]) add(**sink, value, 1);
      ASSERT_TRUE((*sink)->settle(report(kValues), true));
      ASSERT_TRUE((*sink)->finish("stopped"));
      ASSERT_EQ(all_text(), text(0, kValues)) << "write " << deadly << ", byte " << bytes;
      EXPECT_EQ((*sink)->counts().written, kValues);
      for (const std::string& path : folder_.files()) std::filesystem::remove(path);
      if (!WIFSIGNALED(status)) break;
    }
  }
}

TEST_F(Sinks, TextDeliveredOutOfOrderIsNotDeliveredTwice) {
  make(Format::text);
  {
    auto sink = open();
    ASSERT_TRUE(sink);
    // Numbers 1, 3, 4 of segment 0; number 2 is held back: its handler began later.
    for (uint64_t value : {0, 6, 9}) add(**sink, value, 1);
    std::vector<SegmentReport> segments(kSampleSegments);
    segments[0].position = 1;
    ASSERT_TRUE((*sink)->settle(segments, true));
  }
  auto sink = open();
  EXPECT_EQ((*sink)->positions()[0], 1u);
  for (uint64_t value : {3, 6, 9, 12}) add(**sink, value, 1);
  ASSERT_TRUE((*sink)->finish("stopped"));
  EXPECT_EQ(all_text(), text(0, 1) + text(6, 1) + text(9, 1) + text(3, 1) + text(12, 1));
}

// The writer is gone in the middle of a batch in which the ring lost a thousand records.
TEST_F(Sinks, TextBehindAGapIsNotDeliveredTwice) {
  make(Format::text, 1000);  // some of what was added is written at once
  constexpr uint64_t kGap = 1000, kFirst = 20, kThen = 300;
  auto value_of = [](uint64_t number) { return (number - 1) * kSampleSegments; };
  std::string written;
  uint64_t position = 0;
  {
    auto sink = open();
    ASSERT_TRUE(sink);
    for (uint64_t number = 1; number <= kFirst; ++number) {
      add(**sink, value_of(number), 1);
      (*sink)->pass(0, number < kFirst ? number : kFirst + kGap);
    }
    for (uint64_t number = kFirst + kGap + 1; number <= kFirst + kGap + kThen; ++number) {
      add(**sink, value_of(number), 1);
      (*sink)->pass(0, number);
    }
    written = all_text();
    ASSERT_TRUE(written.find(text(value_of(kFirst + kGap + 100), 1)) != std::string::npos);
    position = state_->progress().deliveries[0].position;
    EXPECT_GT(position, kFirst + kGap + 100);
    EXPECT_TRUE(state_->progress().deliveries[0].beyond.empty());
  }
  auto sink = open();
  ASSERT_TRUE(sink);
  EXPECT_EQ((*sink)->positions()[0], position);
  EXPECT_EQ((*sink)->counts().overwritten, kGap);
  for (uint64_t number = position + 1; number <= kFirst + kGap + kThen; ++number)
    add(**sink, value_of(number), 1);
  std::vector<SegmentReport> segments(kSampleSegments);
  segments[0].position = kFirst + kGap + kThen;
  ASSERT_TRUE((*sink)->settle(segments, true));
  std::string expected;
  for (uint64_t number = 1; number <= kFirst + kGap + kThen; ++number)
    if (number <= kFirst || number > kFirst + kGap) expected += text(value_of(number), 1);
  EXPECT_EQ(all_text(), expected);
  EXPECT_EQ((*sink)->counts().written, kFirst + kThen);
  EXPECT_EQ((*sink)->counts().overwritten, kGap);
}

// What was lost counts with the records behind it, whoever writes them.
TEST_F(Sinks, WhatTheRingLostCountsOnceOverAKill) {
  make(Format::text, 1000);
  std::vector<SegmentReport> lost(kSampleSegments);
  lost[0].position = 50;
  {
    auto sink = open();
    ASSERT_TRUE(sink);
    add(**sink, 0, 1);
    ASSERT_TRUE((*sink)->settle(report(1), true));
    (*sink)->pass(0, lost[0].position);
    EXPECT_EQ((*sink)->counts().overwritten, 49u);
    (*sink)->request_switch();
    add(**sink, 150, 1);  // opens the next file, and waits
  }
  EXPECT_EQ(files().size(), 2u);
  auto sink = open();
  ASSERT_TRUE(sink);
  EXPECT_EQ((*sink)->positions()[0], 1u);
  ASSERT_TRUE((*sink)->settle(lost, true));
  EXPECT_EQ((*sink)->counts().overwritten, 49u);
}

}  // namespace
}  // namespace stapd
