// Recordings that something happened to: every untouched block comes back, and what is missing is
// said.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "runtime/base/crc32c.h"
#include "tests/support/fault_files.h"
#include "tests/support/recording_samples.h"

namespace stapd {
namespace {

using namespace test;
using Values = std::vector<uint64_t>;
using Kind = Finding::Kind;

// A recording of several blocks as bytes, and which values stand in which block.
struct Sample {
  std::string bytes;
  struct Block {
    uint64_t offset, size;
    Values values;
  };
  std::vector<Block> blocks;
  uint64_t values = 0;
};

Sample make_sample(uint64_t values = 120, size_t weight = 400) {
  TempFolder folder;
  FaultFiles layer;
  RecordingInfo info = sample_info();
  RotationOptions options;
  options.path = folder.file("rec");
  RecordingOptions recording;
  recording.block_weight = weight;
  RecordingWriter writer(layer, options, info, recording);
  EXPECT_TRUE(writer.start());
  add_samples(writer, info, 0, values);
  EXPECT_TRUE(writer.finish("stopped"));
  Sample sample{read_file(folder.file("rec")), {}, values};
  MemorySource source(sample.bytes);
  for (const ScannedBlock& block : scan_blocks(source).blocks) {
    Sample::Block place{block.offset, block.header.size(), {}};
    if (block.header.kind == BlockKind::records) {
      auto decoded = RecordBlock::decode_untrusted(*read_body(source, block), info.formats,
                                                   block.header.records);
      for (RingRecord record; decoded->next(record);)
        place.values.push_back((record.time - kSampleBoot) / 1000);
    }
    sample.blocks.push_back(std::move(place));
  }
  return sample;
}

std::unique_ptr<RecordingReader> read(std::vector<std::pair<std::string, std::string>> files) {
  auto reader = std::make_unique<RecordingReader>();
  for (auto& [name, bytes] : files)
    reader->add_source(name, std::make_unique<MemorySource>(std::move(bytes)), false);
  reader->open();
  return reader;
}

// Values of the blocks that lie outside [from, to).
Values untouched(const Sample& sample, uint64_t from, uint64_t to) {
  Values values;
  for (const Sample::Block& block : sample.blocks)
    if (block.offset + block.size <= from || block.offset >= to)
      values.insert(values.end(), block.values.begin(), block.values.end());
  return values;
}

TEST(Damage, TruncatedAtEveryByte) {
  Sample sample = make_sample();
  ASSERT_GT(sample.blocks.size(), 6u);
  for (size_t size = 0; size < sample.bytes.size(); ++size) {
    auto reader = read({{"rec", sample.bytes.substr(0, size)}});
    Values values = read_samples(*reader);
    bool schema_left = size >= sample.blocks[0].size;
    ASSERT_EQ(values, schema_left ? untouched(sample, size, sample.bytes.size()) : Values())
        << size;
    ASSERT_FALSE(reader->is_whole()) << size;
    uint64_t good = 0;
    for (const Sample::Block& block : sample.blocks)
      if (block.offset + block.size <= size) good = block.offset + block.size;
    std::string tail = "rec: tail: " + std::to_string(size - good) + " bytes torn";
    if (good && size > good) {
      ASSERT_NE(findings_text(*reader).find(tail), std::string::npos) << size;
    }
  }
}

TEST(Damage, EveryByteFlipped) {
  Sample sample = make_sample(60);
  for (size_t at = 0; at < sample.bytes.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string bytes = sample.bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      auto reader = read({{"rec", bytes}});
      // Also when the schema at the head is hit: there is another one before the end block.
      ASSERT_EQ(read_samples(*reader), untouched(sample, at, at + 1)) << at;
      ASSERT_FALSE(reader->is_whole()) << at;
    }
  }
}

TEST(Damage, AnyRangeOverwritten) {
  Sample sample = make_sample();
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    size_t from = random() % sample.bytes.size();
    size_t to = std::min(sample.bytes.size(), from + 1 + random() % 600);
    std::string bytes = sample.bytes;
    for (size_t i = from; i < to; ++i) bytes[i] = static_cast<char>(round % 2 ? 0 : random());
    // Bytes that happen to be the same are no damage.
    while (from < to && bytes[from] == sample.bytes[from]) ++from;
    while (from < to && bytes[to - 1] == sample.bytes[to - 1]) --to;
    if (from == to) continue;
    auto reader = read({{"rec", bytes}});
    Values expected = untouched(sample, from, to);
    bool schemas_hit =
        from < sample.blocks[0].size && to > sample.blocks[sample.blocks.size() - 2].offset;
    if (!schemas_hit) {
      ASSERT_EQ(read_samples(*reader), expected) << from << " " << to;
    }
  }
}

TEST(Damage, BytesThatWereInsertedOrCutOutOfTheMiddle) {
  Sample sample = make_sample();
  const Sample::Block& block = sample.blocks[3];
  std::string with_junk = sample.bytes;
  with_junk.insert(block.offset, "\x89stapd\r\njunk that looks like a block");
  auto reader = read({{"rec", with_junk}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, 0, 0));
  EXPECT_TRUE(has_finding(*reader, Kind::damage));
  // A block that was written half, and the next one right behind it.
  std::string cut = sample.bytes;
  cut.erase(block.offset + block.size / 2, block.size - block.size / 2);
  reader = read({{"rec", cut}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, block.offset, block.offset + 1));
  std::string without = sample.bytes;
  without.erase(block.offset, block.size);
  reader = read({{"rec", without}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, block.offset, block.offset + 1));
  EXPECT_TRUE(has_finding(*reader, Kind::missing_blocks));
  EXPECT_EQ(findings_text(*reader), "rec: block 4 at byte " + std::to_string(block.offset) +
                                        ": block 3 is missing before it\n");
}

TEST(Damage, WhatIsNoRecording) {
  auto reader = read({{"empty", ""}, {"text", std::string(100'000, 'x')}});
  RecordedRecord record;
  EXPECT_FALSE(reader->next(record));
  EXPECT_EQ(findings_text(*reader), "empty: is no recording\ntext: is no recording\n");
  EXPECT_EQ(reader->recordings(), 0u);
  RecordingReader missing;
  Status added = missing.add_file("/nonexistent/file");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::not_found);
  EXPECT_FALSE(missing.add_file("/tmp"));
}

TEST(Damage, TheSameFileTwiceCountsOnce) {
  Sample sample = make_sample();
  std::string damaged = sample.bytes;
  damaged[sample.blocks[2].offset + 100] ^= 1;
  auto reader = read({{"damaged", damaged}, {"copy", sample.bytes}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, 0, 0));
}

TEST(Damage, BlocksOfALaterVersionAreSkippedAndNamed) {
  Sample sample = make_sample();
  MemorySource source(sample.bytes);
  ScannedBlock block = scan_blocks(source).blocks[2];
  Compressor compressor(1);
  BlockHeader later = block.header;
  later.version = 2;
  std::string replaced = encode_block(later, pack_body({"of another kind", {}}, compressor));
  std::string bytes = sample.bytes;
  bytes.replace(block.offset, block.header.size(), replaced);
  auto reader = read({{"rec", bytes}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, block.offset, block.offset + 1));
  EXPECT_EQ(findings_text(*reader),
            "rec: 1 blocks of another version; this build reads version 1\n");
}

TEST(Damage, ABlockWhoseContentIsWrongIsNamed) {
  Sample sample = make_sample();
  MemorySource source(sample.bytes);
  ScannedBlock block = scan_blocks(source).blocks[2];
  Compressor compressor(1);
  std::string bytes = sample.bytes;
  bytes.replace(block.offset, block.header.size(),
                encode_block(block.header, pack_body({"rubbish", {}}, compressor)));
  auto reader = read({{"rec", bytes}});
  EXPECT_EQ(read_samples(*reader), untouched(sample, block.offset, block.offset + 1));
  EXPECT_TRUE(has_finding(*reader, Kind::unreadable));
}

// ---- only some of the time, which the start of a block tells ------------------------------------

// Every value with its wall time.
using Timed = std::vector<std::pair<uint64_t, uint64_t>>;
Timed read_timed(RecordingReader& reader) {
  Timed values;
  for (RecordedRecord record; reader.next(record);)
    values.emplace_back(checked_sample(record), record.real);
  return values;
}

// Readers that want the middle third, by either clock.
std::vector<RecordingReader::Options> limits_of(const Timed& all) {
  RecordingReader::Options by_boot, by_wall;
  by_boot.boot_since = kSampleBoot + all.size() / 3 * 1000;
  by_boot.boot_until = by_boot.boot_since + all.size() / 3 * 1000;
  by_wall.since = all[all.size() / 3].second;
  by_wall.until = all[all.size() * 2 / 3].second;
  return {by_boot, by_wall};
}

Values within(const RecordingReader::Options& limit, const Timed& all) {
  Values values;
  for (const auto& [value, real] : all) {
    uint64_t boot = kSampleBoot + value * 1000;
    if (real >= limit.since && real <= limit.until && boot >= limit.boot_since &&
        boot <= limit.boot_until)
      values.push_back(value);
  }
  return values;
}

TEST(DamageInTime, EveryByteFlippedAndEveryTruncation) {
  Sample sample = make_sample(90);
  Timed all = read_timed(*read({{"rec", sample.bytes}}));
  ASSERT_EQ(all.size(), sample.values);
  for (const RecordingReader::Options& limit : limits_of(all)) {
    Values wanted = within(limit, all);
    ASSERT_GT(wanted.size(), 20u);
    auto expect = [&](const std::string& bytes, size_t from, size_t to) {
      auto reader = read({{"rec", bytes}});
      reader->limit(limit);
      Values values, whole = untouched(sample, from, to);
      std::set_intersection(whole.begin(), whole.end(), wanted.begin(), wanted.end(),
                            std::back_inserter(values));
      // Without any schema nothing can be read.
      if (to == sample.bytes.size() && from < sample.blocks[0].size) values.clear();
      ASSERT_EQ(read_samples(*reader), values) << from << " to " << to;
      EXPECT_LT(reader->unpacked(), sample.blocks.size() / 2) << "the others stay packed";
    };
    for (size_t at = 0; at < sample.bytes.size(); ++at) {
      std::string bytes = sample.bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
      expect(bytes, at, at + 1);
      expect(sample.bytes.substr(0, at), at, sample.bytes.size());
    }
  }
}

// Checksums that are right say nothing of what is below them.
TEST(DamageInTime, ABlockWhoseStartCannotBeReadIsNamed) {
  Sample sample = make_sample();
  Timed all = read_timed(*read({{"rec", sample.bytes}}));
  MemorySource source(sample.bytes);
  ScannedBlock block = scan_blocks(source).blocks[2];
  Compressor compressor(1);
  std::string frame = compressor.compress(std::string(1000, 'x'));
  std::string garbage = frame;
  std::fill(garbage.begin() + 4, garbage.end(), '\xff');
  const PackedBody bodies[] = {
      plain_body({"too short", {}}),
      pack_body({std::string(RecordBlock::kClockBytes, 'x'), {}}, compressor),
      {frame.substr(0, frame.size() / 2), true, 1000, crc32c(frame.substr(0, frame.size() / 2))},
      {garbage, true, 1000, crc32c(garbage)},
      {"", true, 1000, crc32c("")},
      {"no frame at all", true, 1000, crc32c("no frame at all")},
  };
  for (const PackedBody& body : bodies) {
    std::string bytes = sample.bytes;
    bytes.replace(block.offset, block.header.size(), encode_block(block.header, body));
    for (RecordingReader::Options limit : limits_of(all)) {
      Values wanted = within(limit, all);
      auto reader = read({{"rec", bytes}});
      reader->limit(limit);
      EXPECT_EQ(read_samples(*reader), wanted) << "the block is of another time";
      limit = {};
      limit.since = 1;  // all of it, but somebody has to look
      reader = read({{"rec", bytes}});
      reader->limit(limit);
      EXPECT_EQ(read_samples(*reader),
                untouched(sample, block.offset, block.offset + block.header.size()));
      EXPECT_TRUE(has_finding(*reader, Kind::unreadable)) << body.stored;
    }
  }
}

TEST(DamageInTime, TheStartOfAFrameIsItsFirstBytesOrAnError) {
  Compressor compressor(1);
  std::string content;
  for (int i = 0; i < 3000; ++i) content += std::to_string(i * i);
  std::string frame = compressor.compress(content, {24, 5000});
  for (size_t size : {0u, 1u, 24u, 5000u, 9000u})
    EXPECT_EQ(*decompress_start_untrusted(frame, size), content.substr(0, size)) << size;
  EXPECT_EQ(*decompress_start_untrusted(frame, content.size()), content);
  EXPECT_FALSE(decompress_start_untrusted(frame, content.size() + 1));
  EXPECT_FALSE(decompress_start_untrusted("", 1));
  size_t readable = 0;
  for (size_t cut = 0; cut < frame.size(); ++cut) {
    Result<std::string> start = decompress_start_untrusted(frame.substr(0, cut), 24);
    if (!start) {
      EXPECT_EQ(start.error().code, ErrorCode::corrupt);
      continue;
    }
    ++readable;
    ASSERT_EQ(*start, content.substr(0, 24)) << cut;
  }
  EXPECT_GT(readable, frame.size() / 2) << "what follows the start is not needed";
  for (size_t at = 0; at < frame.size(); ++at) {
    std::string damaged = frame;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    Result<std::string> start = decompress_start_untrusted(damaged, 24);
    ASSERT_TRUE(!start || start->size() == 24);
  }
}

TEST(DamageInTime, TheStartOfABodyThatIsNotThere) {
  Sample sample = make_sample();
  for (const ScannedBlock& block : scan_blocks(MemorySource(sample.bytes)).blocks) {
    MemorySource whole(sample.bytes);
    EXPECT_EQ(*read_body_start(whole, block, 8), read_body(whole, block)->substr(0, 8));
    EXPECT_FALSE(read_body_start(whole, block, block.header.raw_length + 1));
    MemorySource cut(sample.bytes.substr(0, block.offset + block.header.header_size + 4));
    EXPECT_FALSE(read_body_start(cut, block, 8));
    EXPECT_FALSE(read_body_start(MemorySource(""), block, 1));
  }
}

// ---- sets of files
// --------------------------------------------------------------------------------

class Sets : public testing::Test {
 protected:
  // Files 0 to 4; `count` of them are kept.
  void record(uint32_t count = 0) {
    RecordingInfo info = sample_info();
    RotationOptions options;
    options.path = folder_.file("rec");
    options.size = 4000;
    options.count = count;
    RecordingOptions recording;
    recording.block_weight = 1000;
    RecordingWriter writer(layer_, options, info, recording);
    ASSERT_TRUE(writer.start());
    uint64_t value = 0;
    while (writer.files().number() < 4) add_samples(writer, info, value++, 1);
    ASSERT_TRUE(writer.finish("stopped"));
    values_ = value;
  }
  std::vector<std::pair<std::string, std::string>> files_without(std::set<std::string> lost) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const std::string& name : folder_.names())
      if (!lost.contains(name)) files.emplace_back(name, read_file(folder_.file(name)));
    return files;
  }

  TempFolder folder_;
  FaultFiles layer_;
  uint64_t values_ = 0;
};

TEST_F(Sets, AnyFileLostIsMissed) {
  record();
  ASSERT_EQ(folder_.names().size(), 5u);
  size_t whole = read_samples(*read(files_without({}))).size();
  EXPECT_EQ(whole, values_);
  for (int lost = 0; lost < 5; ++lost) {
    std::string name = "rec." + std::to_string(lost);
    auto reader = read(files_without({name}));
    Values values = read_samples(*reader);
    EXPECT_LT(values.size(), whole);
    EXPECT_GT(values.size(), whole / 2);
    EXPECT_FALSE(reader->is_whole());
    std::string text = "file " + std::to_string(lost) + " is missing";
    EXPECT_NE(findings_text(*reader).find(text), std::string::npos) << findings_text(*reader);
  }
}

TEST_F(Sets, TwoFilesLost) {
  record();
  auto reader = read(files_without({"rec.1", "rec.2"}));
  EXPECT_NE(findings_text(*reader).find("files 1 to 2 are missing"), std::string::npos);
  EXPECT_TRUE(has_finding(*reader, Kind::missing_blocks));
}

TEST_F(Sets, FilesThatTheWriterDeletedAreNotMissed) {
  record(2);
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"rec.3", "rec.4"}));
  auto reader = read(files_without({}));
  EXPECT_TRUE(reader->is_whole()) << findings_text(*reader);
  reader = read(files_without({"rec.3"}));
  EXPECT_NE(findings_text(*reader).find("file 3 is missing"), std::string::npos);
}

TEST_F(Sets, AFileWithoutItsEndBlockIsNamed) {
  record();
  auto files = files_without({});
  files[2].second.resize(files[2].second.size() - 10);
  auto reader = read(files);
  EXPECT_TRUE(has_finding(*reader, Kind::no_end));
  EXPECT_TRUE(has_finding(*reader, Kind::torn_tail));
  EXPECT_NE(findings_text(*reader).find("rec.2: ends without an end block"), std::string::npos);
}

TEST_F(Sets, TheOrderOfTheFilesDoesNotMatter) {
  record();
  auto files = files_without({});
  Values in_order = read_samples(*read(files));
  std::reverse(files.begin(), files.end());
  EXPECT_EQ(read_samples(*read(files)), in_order);
}

}  // namespace
}  // namespace stapd
