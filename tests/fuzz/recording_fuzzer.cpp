// The reader of recordings on anything: whole files of any bytes, and, behind right checksums,
// bodies of any bytes. It ends, touches nothing outside, and gives records that fit their formats.
#include <cstdlib>

#include "runtime/base/crc32c.h"
#include "tests/support/recording_samples.h"

namespace stapd {
namespace {

enum Mode : uint8_t { kFile, kRecords, kSchema, kFrame, kEnd, kSymbols, kModes };

struct GoodParts {
  RecordingInfo info = test::sample_info();
  BlockBody schema{encode_schema(info), {}};
  BlockBody records;
  uint64_t count = 0;

  GoodParts() {
    RecordBlockBuilder builder(info.formats);
    for (uint64_t value = 0; value < 10; ++value) {
      test::SampleRecord sample = test::sample_record(info.formats[0], value);
      builder.add(sample.record);
    }
    count = builder.records();
    records = builder.take(info.clock, {});
  }
};

PackedBody plain(std::string bytes) {
  PackedBody body{std::move(bytes), false, 0, 0};
  body.raw_length = body.stored.size();
  body.checksum = crc32c(body.stored);
  return body;
}

void append_block(std::string& file, BlockKind kind, const PackedBody& body, uint64_t records) {
  BlockHeader header;
  header.kind = kind;
  header.sequence = file.size();  // ascending
  header.records = records;
  if (kind == BlockKind::records) {
    header.first_time = test::kSampleBoot;
    header.last_time = test::kSampleBoot + 9000;
  }
  file += encode_block(header, body);
}

std::string make_file(Mode mode, std::string_view data) {
  static const GoodParts good;
  std::string body(data), file;
  // What the body itself says, so that inputs get past the comparison.
  uint64_t records = body.empty() ? 0 : static_cast<uint8_t>(body[0]);
  append_block(file, BlockKind::schema, plain(mode == kSchema ? body : good.schema.bytes), 0);
  if (mode == kRecords && !body.empty())
    append_block(file, BlockKind::records, plain(body.substr(1)), records);
  if (mode == kFrame) {
    PackedBody frame = plain(body);
    frame.compressed = true;
    frame.raw_length = good.records.bytes.size();
    append_block(file, BlockKind::records, frame, good.count);
  }
  append_block(file, BlockKind::records, plain(good.records.bytes), good.count);
  if (mode == kSymbols) append_block(file, BlockKind::symbols, plain(body), 0);
  if (mode == kEnd) append_block(file, BlockKind::end, plain(body), 0);
  return file;
}

// Of what time a reader wants records.
RecordingReader::Options make_limit(uint8_t choice) {
  constexpr uint64_t kMiddle = test::kSampleBoot + 5000;
  RecordingReader::Options limit;
  if (choice & 1) limit.boot_since = kMiddle;
  if (choice & 2) limit.boot_until = kMiddle;
  if (choice & 4) limit.since = kMiddle;
  if (choice & 8) limit.until = kMiddle;
  return limit;
}

void run(const uint8_t* data, size_t size) {
  if (size == 0) return;
  auto mode = static_cast<Mode>(data[0] % kModes);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  RecordingReader reader;
  reader.add_source(
      "fuzzed",
      std::make_unique<MemorySource>(mode == kFile ? std::string(rest) : make_file(mode, rest)),
      false);
  reader.open();
  RecordingReader::Options limit = make_limit(data[0] / kModes);
  reader.limit(limit);
  // A few bytes may stand for a million records of one value: enough of them is enough.
  int left = 2000;
  for (RecordedRecord record; left > 0 && reader.next(record); --left) {
    auto view = record.schema->formatter.view_untrusted(record.record.bytes);
    if (record.real < limit.since || record.real > limit.until) std::abort();
    std::string text;
    if (view) record.schema->formatter.append_text(text, *view);
  }
  for (size_t i = 0; i < reader.recordings(); ++i) reader.symbols(i);
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stapd::run(data, size);
  return 0;
}
