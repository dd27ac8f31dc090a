// Recordings that nothing happened to: what goes in comes out, in order, from sets of files.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <numeric>

#include "runtime/store/recording_resume.h"
#include "tests/support/fault_files.h"
#include "tests/support/recording_samples.h"
#include "tests/support/sample_image.h"

namespace stapd {
namespace {

using namespace test;
using Values = std::vector<uint64_t>;

Values range(uint64_t first, uint64_t count) {
  Values values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

class Recording : public testing::Test {
 protected:
  RotationOptions rotation(uint64_t size = 0, uint32_t count = 0) {
    RotationOptions options;
    options.path = folder_.file("rec");
    options.size = size;
    options.count = count;
    return options;
  }
  std::unique_ptr<RecordingWriter> start(RotationOptions options, RecordingOptions recording = {}) {
    auto writer = std::make_unique<RecordingWriter>(layer_, options, info_, recording);
    EXPECT_TRUE(writer->start());
    return writer;
  }
  std::unique_ptr<RecordingReader> open(RecordingReader::Options options = {}) {
    auto reader = std::make_unique<RecordingReader>(options);
    for (const std::string& file : folder_.files()) EXPECT_TRUE(reader->add_file(file));
    reader->open();
    return reader;
  }

  TempFolder folder_;
  FaultFiles layer_;
  RecordingInfo info_ = sample_info();
};

TEST_F(Recording, RecordsComeBackAsTheyWere) {
  auto writer = start(rotation());
  add_samples(*writer, info_, 0, 5000);
  ASSERT_TRUE(writer->settle({}));
  add_samples(*writer, info_, 5000, 1);
  ASSERT_TRUE(writer->finish("stopped"));
  auto reader = open();
  EXPECT_EQ(read_samples(*reader), range(0, 5001));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
  EXPECT_EQ(findings_text(*reader), "");
  EXPECT_EQ(reader->recordings(), 1u);
}

TEST_F(Recording, TheSchemaTellsWhereItComesFrom) {
  start(rotation())->finish("stopped");
  auto reader = open();
  ASSERT_NE(reader->schema(0), nullptr);
  const RecordingInfo& info = reader->schema(0)->info;
  EXPECT_EQ(info.session, info_.session);
  EXPECT_EQ(info.script_name, info_.script_name);
  EXPECT_EQ(info.script_text, info_.script_text);
  EXPECT_EQ(info.script_sha256, info_.script_sha256);
  EXPECT_EQ(info.arguments, info_.arguments);
  EXPECT_EQ(info.host, info_.host);
  EXPECT_EQ(info.kernel, info_.kernel);
  EXPECT_EQ(info.boot_id, info_.boot_id);
  EXPECT_EQ(info.architecture, info_.architecture);
  EXPECT_EQ(info.writer, info_.writer);
  EXPECT_EQ(info.clock, info_.clock);
  EXPECT_EQ(info.started, info_.started);
  EXPECT_EQ(info.probes.size(), 2u);
  EXPECT_EQ(info.probes[1].alias, "scheduler.switch");
  EXPECT_EQ(info.cpu_of(1), 1);
  EXPECT_EQ(info.cpu_of(2), -1);
}

TEST_F(Recording, AnImageAndItsHostMakeTheInfo) {
  RecordingInfo info = make_recording_info(sample_image(), 5);
  EXPECT_EQ(info.session, "sample");
  EXPECT_EQ(info.segments, 5u);
  EXPECT_EQ(info.script_sha256.size(), 64u);
  EXPECT_EQ(info.boot_id.size(), 36u);
  EXPECT_FALSE(info.kernel.empty());
  EXPECT_EQ(info.probes[0].point, "process(\"/bin/cat\").function(\"main\")");
  auto back = decode_schema_untrusted(encode_schema(info));
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_schema(*back), encode_schema(info));
}

TEST_F(Recording, FormatsComeBackAsTheyWere) {
  start(rotation())->finish("stopped");
  auto reader = open();
  RecordingInfo back = reader->schema(0)->info;
  back.file = back.oldest_file = 0;
  EXPECT_EQ(encode_schema(back), encode_schema(info_));
  auto widths = sample_image().formats;
  RecordingInfo with_widths = info_;
  with_widths.formats = widths;
  auto decoded = decode_schema_untrusted(encode_schema(with_widths));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->formats[0].pieces[1].width.value, 6);
  EXPECT_EQ(decoded->formats[0].near, widths[0].near);
  EXPECT_EQ(decoded->formats[0].histogram.stop, 100);
}

TEST_F(Recording, EveryKindOfFieldAndRecordsThatFitNoFormat) {
  auto writer = start(rotation());
  std::vector<uint64_t> buckets = {0, 5, UINT64_MAX, 1, 2, 3, 4};
  std::vector<SampleRecord> records;
  auto add = [&](uint16_t format, std::vector<RecordValue> values, uint64_t time) {
    SampleRecord sample;
    sample.bytes = record_bytes(info_.formats[format], format, values, time,
                                static_cast<uint32_t>(records.size() + 1));
    sample.record = {{}, 1, records.size() + 1, time};
    records.push_back(std::move(sample));
  };
  add(1, {RecordValue::of("sixteen bytes long"), RecordValue::of(-5), RecordValue::of("\0m")}, 7);
  add(2, {RecordValue::of(buckets)}, 8);
  add(1, {RecordValue::of(""), RecordValue::of(127), RecordValue::of("")}, 8);
  add(0, {RecordValue::of(-1), RecordValue::of(std::string_view(std::string(9000, 'x')))}, 9);
  records.push_back({std::string("no record at all"), {{}, 0, 1, 10}});
  records.push_back({record_bytes(info_.formats[0], 77, {}, 11), {{}, 0, 2, 11}});
  for (SampleRecord& sample : records) {
    sample.record.bytes = sample.bytes;
    writer->add(sample.record);
  }
  ASSERT_TRUE(writer->finish("stopped"));
  auto reader = open();
  RecordedRecord recorded;
  for (const SampleRecord& sample : records) {
    ASSERT_TRUE(reader->next(recorded));
    EXPECT_EQ(recorded.record.bytes, sample.bytes);
    EXPECT_EQ(recorded.record.time, sample.record.time);
    EXPECT_EQ(recorded.record.number, sample.record.number);
    EXPECT_EQ(recorded.record.segment, sample.record.segment);
  }
  EXPECT_FALSE(reader->next(recorded));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Recording, TextIsMadeFromTheRecordingAlone) {
  auto writer = start(rotation());
  add_samples(*writer, info_, 25, 2);
  ASSERT_TRUE(writer->finish("stopped"));
  auto reader = open();
  std::string text;
  for (RecordedRecord record; reader->next(record);)
    record.schema->formatter.append_text(
        text, *record.schema->formatter.view_untrusted(record.record.bytes));
  EXPECT_EQ(text, "value 25 zz\nvalue 26 aaa\n");
}

TEST_F(Recording, FilesAreSwitchedAndOldOnesGo) {
  auto writer = start(rotation(20'000, 3), {.block_weight = 4096});
  add_samples(*writer, info_, 0, 40'000);
  ASSERT_TRUE(writer->finish("stopped"));
  EXPECT_EQ(folder_.names().size(), 3u);
  EXPECT_GT(writer->files().number(), 5u);
  for (const std::string& file : folder_.files())
    EXPECT_LT(std::filesystem::file_size(file), 20'000u + 6000);
  auto reader = open();
  Values values = read_samples(*reader);
  ASSERT_FALSE(values.empty());
  EXPECT_EQ(values, range(values.front(), 40'000 - values.front()));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Recording, ManyBlocksOfOneFileRepeatTheSchema) {
  auto writer = start(rotation(), {.block_weight = 512});
  add_samples(*writer, info_, 0, 10'000);
  ASSERT_TRUE(writer->finish("stopped"));
  BlockScan scan = scan_blocks(MemorySource(read_file(folder_.file("rec"))));
  uint64_t schemas = 0, since = 0;
  for (const ScannedBlock& block : scan.blocks) {
    bool schema = block.header.kind == BlockKind::schema;
    since = schema ? 0 : since + 1;
    schemas += schema;
    EXPECT_LE(since, 64u);
  }
  EXPECT_GT(schemas, 3u);
  EXPECT_EQ(scan.blocks.back().header.kind, BlockKind::end);
}

TEST_F(Recording, TheLedgerSaysWhatBecameOfEveryRecord) {
  auto writer = start(rotation());
  add_samples(*writer, info_, 0, 300);
  std::vector<SegmentReport> report(kSampleSegments);
  report[1] = {100, 7, 1, 2, {3, 0, 0, 4, 0}};
  ASSERT_TRUE(writer->settle(report));
  ASSERT_TRUE(writer->finish("exit() was called"));
  auto reader = open();
  ASSERT_EQ(reader->ledger(0).size(), kSampleSegments);
  SegmentTotals totals = reader->ledger(0)[1];
  EXPECT_EQ(totals, (SegmentTotals{1, 100, 100, 7, 1, 2, 0, {3, 0, 0, 4, 0}}));
  EXPECT_EQ(reader->ledger(0)[0].written, 100u);
}

TEST_F(Recording, AnotherSchemaInTheMiddle) {
  auto writer = start(rotation());
  add_samples(*writer, info_, 0, 10);
  RecordingInfo other = info_;
  other.script_name = "other.stp";
  other.formats = {FormatBuilder().natural(8).text().natural(4).build()};
  writer->set_schema(other);
  std::string bytes =
      record_bytes(other.formats[0], 0, {RecordValue::of(42)}, kSampleBoot * 2, 100);
  writer->add({bytes, 0, 100, kSampleBoot * 2});
  ASSERT_TRUE(writer->finish("stopped"));
  auto reader = open();
  RecordedRecord record;
  for (uint64_t value = 0; value < 10; ++value) {
    ASSERT_TRUE(reader->next(record));
    EXPECT_EQ(checked_sample(record), value);
  }
  ASSERT_TRUE(reader->next(record));
  EXPECT_EQ(record.schema->info.script_name, "other.stp");
  EXPECT_EQ(record.record.bytes, bytes);
  EXPECT_EQ(reader->schema(0)->info.script_name, "other.stp");
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Recording, SymbolsComeBack) {
  auto writer = start(rotation());
  std::vector<RecordedSymbol> symbols = {{0x1000, 16, "main", "/bin/cat", "abcdef", 42},
                                         {0xffffffff81000000, 0, "vfs_read", "", "", 0}};
  writer->add_symbols(symbols);
  ASSERT_TRUE(writer->finish("stopped"));
  EXPECT_EQ(open()->symbols(0), symbols);
}

TEST_F(Recording, SeveralAreMergedByTime) {
  for (uint64_t which = 0; which < 3; ++which) {
    RotationOptions options = rotation();
    options.path += std::to_string(which);
    info_.session = "session" + std::to_string(which);
    auto writer = start(options);
    for (uint64_t value = which; value < 300; value += 3)
      writer->add(sample_record(info_.formats[0], value).record);
    ASSERT_TRUE(writer->finish("stopped"));
  }
  auto reader = open();
  EXPECT_EQ(reader->recordings(), 3u);
  Values values;
  for (RecordedRecord record; reader->next(record);) {
    values.push_back(checked_sample(record));
    EXPECT_EQ(record.schema->info.session, "session" + std::to_string(values.back() % 3));
  }
  EXPECT_EQ(values, range(0, 300));
}

TEST_F(Recording, WallTimeComesFromTheBlocksClocks) {
  auto writer = start(rotation());
  uint64_t now = read_boot_clock();
  std::string bytes = sample_record(info_.formats[0], 1).bytes;
  writer->add({bytes, 1, 1, now});
  ASSERT_TRUE(writer->finish("stopped"));
  auto reader = open();
  RecordedRecord record;
  ASSERT_TRUE(reader->next(record));
  ClockReading clock = read_clocks();
  int64_t off = static_cast<int64_t>(record.real - (clock.real - (clock.boot - now)));
  EXPECT_LT(std::abs(off), 10'000'000);
  RecordingReader::Options later;
  later.since = record.real + 1;
  EXPECT_FALSE(open(later)->next(record));
  later.since = later.until = record.real;
  EXPECT_TRUE(open(later)->next(record));
  later.since = 0;
  later.until = record.real - 1;
  EXPECT_FALSE(open(later)->next(record));
}

// The wall clock of each block is told by that block, whatever was done to the clock in between.
TEST_F(Recording, BlocksOfAnotherTimeStayPacked) {
  auto writer = start(rotation());
  constexpr uint64_t kBlocks = 40, kRecords = 50, kStep = 1'000'000,
                     kReal = 1'800'000'000'000'000'000;
  for (uint64_t block = 0; block < kBlocks; ++block) {
    uint64_t boot = (block + 1) * kRecords * kStep;
    writer->set_clock({boot, boot, kReal + boot + (block < 20 ? 0 : 3'600'000'000'000)});
    for (uint64_t i = 0; i < kRecords; ++i) {
      uint64_t number = block * kRecords + i;
      std::string bytes = sample_record(info_.formats[0], number).bytes;
      writer->add({bytes, 1, number + 1, 1 + number * kStep});
    }
    ASSERT_TRUE(writer->settle({}));
  }
  ASSERT_TRUE(writer->finish("stopped"));
  auto count = [&](RecordingReader::Options options, uint64_t most_unpacked) {
    auto reader = open();
    reader->limit(options);
    uint64_t records = 0;
    for (RecordedRecord record; reader->next(record);) ++records;
    EXPECT_LE(reader->unpacked(), most_unpacked);
    EXPECT_TRUE(reader->is_whole());
    return records;
  };
  EXPECT_EQ(count({}, kBlocks), kBlocks * kRecords);
  // The last three of them, by either clock; one in the middle; none.
  uint64_t last = 1 + (kBlocks - 3) * kRecords * kStep;
  RecordingReader::Options wanted;
  wanted.boot_since = last;
  EXPECT_EQ(count(wanted, 3), 3 * kRecords);
  wanted = {};
  wanted.since = kReal + last + 3'600'000'000'000;
  EXPECT_EQ(count(wanted, 3), 3 * kRecords);
  wanted = {};
  wanted.since = kReal + 1 + 10 * kRecords * kStep;
  wanted.until = wanted.since + kRecords * kStep - 1;
  EXPECT_EQ(count(wanted, 1), kRecords);
  wanted.since = kReal + 1'000'000'000'000;
  wanted.until = wanted.since + 1;
  EXPECT_EQ(count(wanted, 0), 0u);
}

TEST_F(Recording, AnEmptyOneIsWhole) {
  start(rotation())->finish("stopped");
  auto reader = open();
  RecordedRecord record;
  EXPECT_FALSE(reader->next(record));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

TEST_F(Recording, ALiveFileIsReadUpToItsLastWholeBlock) {
  auto writer = start(rotation(), {.block_weight = 1024});
  add_samples(*writer, info_, 0, 1000);
  ASSERT_TRUE(writer->settle({}));
  {
    auto reader = open();
    EXPECT_EQ(read_samples(*reader), range(0, 1000));
    EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
    EXPECT_TRUE(has_finding(*reader, Finding::Kind::live));
  }
  // In the middle of a block: what a reader may see while it is written.
  std::string bytes = read_file(folder_.file("rec"));
  RecordingReader reader;
  reader.add_source("rec", std::make_unique<MemorySource>(bytes.substr(0, bytes.size() - 3)), true);
  reader.open();
  EXPECT_TRUE(reader.is_whole()) << findings_text(reader);
  Values values = read_samples(reader);
  EXPECT_EQ(values, range(0, values.size()));
  EXPECT_GT(values.size(), 900u);
  ASSERT_TRUE(writer->finish("stopped"));
  EXPECT_FALSE(has_finding(*open(), Finding::Kind::live));
}

// As it may come when a recording has its end and its ring goes on, or somebody was killed between.
TEST_F(Recording, ARecordBehindTheEndOpensTheNextFile) {
  {
    auto writer = start(rotation(100'000));
    add_samples(*writer, info_, 0, 100);
    ASSERT_TRUE(writer->settle({}));
    ASSERT_TRUE(writer->finish("stopped"));
  }
  auto point = find_resume_point(folder_.files());
  ASSERT_TRUE(point);
  EXPECT_TRUE(point->resume.ended);
  uint64_t sequence = point->resume.next_sequence;
  std::string before = read_file(folder_.file("rec.0"));
  RecordingWriter writer(layer_, rotation(100'000), info_, {}, point->files, point->resume);
  ASSERT_TRUE(writer.start());
  // What the recording has already is no record behind its end.
  add_samples(writer, info_, 90, 10);
  ASSERT_TRUE(writer.settle({}));
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"rec.0"});
  EXPECT_EQ(writer.blocks(), sequence);
  add_samples(writer, info_, 100, 50);
  ASSERT_TRUE(writer.settle({}));
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"rec.0", "rec.1"}));
  ASSERT_TRUE(writer.finish("stopped again"));
  EXPECT_EQ(read_file(folder_.file("rec.0")), before);
  std::vector<ScannedBlock> blocks =
      scan_blocks(MemorySource(read_file(folder_.file("rec.1")))).blocks;
  ASSERT_FALSE(blocks.empty());
  for (const ScannedBlock& block : blocks) EXPECT_EQ(block.header.sequence, sequence++);
  EXPECT_EQ(blocks.back().header.kind, BlockKind::end);
  auto reader = open();
  EXPECT_EQ(read_samples(*reader), range(0, 150));
  EXPECT_EQ(reader->recordings(), 1u);
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
  EXPECT_EQ(reader->ledger(0)[0].written, 50u);
}

TEST_F(Recording, OneOpenFileIsEnough) {
  OneOpenFile layer(UniqueFd(::open(folder_.file("dump").c_str(), O_CREAT | O_WRONLY, 0600)));
  RotationOptions options;
  options.path = "stdout";
  RecordingWriter writer(layer, options, info_);
  ASSERT_TRUE(writer.start());
  add_samples(writer, info_, 0, 100);
  ASSERT_TRUE(writer.finish("dumped"));
  auto reader = open();
  EXPECT_EQ(read_samples(*reader), range(0, 100));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
}

}  // namespace
}  // namespace stapd
