// Recordings of this and of earlier versions of the format, kept in the tree: every later build
// reads them. STAPD_WRITE_FIXTURE=1 writes the one of this version anew.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/fault_files.h"
#include "tests/support/recording_samples.h"

namespace stapd {
namespace {

using namespace test;

const std::string kFolder = STAPD_SOURCE_DIR "/tests/fixtures/recording_v1";

void write_fixture() {
  FaultFiles layer;
  RecordingInfo info = sample_info();
  RotationOptions options;
  options.path = kFolder + "/rec";
  options.size = 2000;
  RecordingOptions recording;
  recording.block_weight = 1500;
  RecordingWriter writer(layer, options, info, recording);
  ASSERT_TRUE(writer.start());
  add_samples(writer, info, 0, 300);
  writer.add_symbols({{0x1000, 16, "main", "/bin/cat", "abcdef", 42}});
  std::vector<SegmentReport> report(kSampleSegments);
  report[2] = {100, 7, 1, 2, {3, 0, 0, 4, 0}};
  ASSERT_TRUE(writer.settle(report));
  uint64_t time = kSampleBoot + 300 * 1000;
  std::vector<uint64_t> buckets = {0, 5, UINT64_MAX, 1, 2, 3, 4};
  std::string plain = record_bytes(
      info.formats[1], 1, {RecordValue::of("comm"), RecordValue::of(-5), RecordValue::of("m\xff")});
  std::string histogram = record_bytes(info.formats[2], 2, {RecordValue::of(buckets)}, time);
  writer.add({plain, 0, 101, time});
  writer.add({histogram, 0, 102, time});
  writer.add({"no record at all", 0, 103, time});
  ASSERT_TRUE(writer.finish("fixture"));
}

TEST(Fixture, RecordingsOfVersion1AreRead) {
  if (std::getenv("STAPD_WRITE_FIXTURE")) write_fixture();
  RecordingReader reader;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (!entry.path().filename().string().starts_with("rec.")) continue;
    ASSERT_TRUE(reader.add_file(entry.path().string()));
  }
  reader.open();
  EXPECT_EQ(findings_text(reader), "");
  ASSERT_EQ(reader.recordings(), 1u);
  EXPECT_EQ(reader.schema(0)->info.script_text, "probe begin { }\n");
  EXPECT_EQ(reader.ledger(0)[2], (SegmentTotals{2, 100, 100, 7, 1, 2, 0, {3, 0, 0, 4, 0}}));
  EXPECT_EQ(reader.symbols(0).at(0).name, "main");
  RecordedRecord record;
  for (uint64_t value = 0; value < 300; ++value) {
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(checked_sample(record), value);
  }
  ASSERT_TRUE(reader.next(record));
  auto view = record.schema->formatter.view_untrusted(record.record.bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->string(0), "comm");
  EXPECT_EQ(view->integer(1), -5);
  EXPECT_EQ(view->string(2), "m\xff");
  ASSERT_TRUE(reader.next(record));
  view = record.schema->formatter.view_untrusted(record.record.bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->bucket(0, 2), UINT64_MAX);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.record.bytes, "no record at all");
  EXPECT_FALSE(reader.next(record));
}

}  // namespace
}  // namespace stapd
