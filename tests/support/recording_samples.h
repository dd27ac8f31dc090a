// Recordings for tests: records whose values follow from their number.
#pragma once

#include <string>
#include <vector>

#include "runtime/store/recording_reader.h"
#include "runtime/store/recording_writer.h"
#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"
#include "tests/support/temp_folder.h"

namespace stapd::test {

constexpr uint32_t kSampleSegments = 3;  // two CPUs and the daemon
constexpr uint64_t kSampleBoot = 1'000'000'000'000;

inline RecordingInfo sample_info() {
  using Conversion = FormatPiece::Conversion;
  RecordingInfo info;
  info.session = "sample";
  info.script_name = "sample.stp";
  info.script_text = "probe begin { }\n";
  info.script_sha256 = std::string(64, 'a');
  info.arguments = {"one", ""};
  info.host = "host";
  info.kernel = "6.18.0";
  info.boot_id = "11111111-2222-3333-4444-555555555555";
  info.architecture = "x86_64";
  info.writer = "stapd test";
  info.segments = kSampleSegments;
  info.clock = {kSampleBoot, kSampleBoot - 5, kSampleBoot + 77};
  info.started = kSampleBoot + 77;
  info.probes = {{"begin", ""}, {"kernel.trace(\"sched_switch\")", "scheduler.switch"}};
  info.formats = {FormatBuilder()
                      .literal("value ")
                      .natural(8, "value")
                      .print(Conversion::decimal)
                      .literal(" ")
                      .text("text")
                      .print(Conversion::string)
                      .literal("\n")
                      .build(),
                  FormatBuilder(false).chars(16).integer(1).memory().build(),
                  FormatBuilder()
                      .channel(RecordChannel::error)
                      .buckets({true, -3, 5, 2, 7})
                      .print(Conversion::histogram_linear)
                      .build()};
  info.formats[0].probe = 1;
  info.formats[2].near = "near identifier 'x' at sample.stp:1:2";
  return info;
}

inline std::string sample_text(uint64_t value) {
  return std::string(value % 23, static_cast<char>('a' + value % 26));
}

// Record `value` of format 0, on segment value % kSampleSegments.
struct SampleRecord {
  std::string bytes;
  RingRecord record;
};
inline SampleRecord sample_record(const RecordFormat& format, uint64_t value) {
  std::string text = sample_text(value);
  uint64_t time = kSampleBoot + value * 1000;
  SampleRecord sample;
  sample.bytes =
      record_bytes(format, 0, {RecordValue::of(static_cast<int64_t>(value)), RecordValue::of(text)},
                   time, static_cast<uint32_t>(value / kSampleSegments + 1));
  sample.record = {sample.bytes, static_cast<uint32_t>(value % kSampleSegments),
                   value / kSampleSegments + 1, time};
  return sample;
}

inline void add_samples(RecordingWriter& writer, const RecordingInfo& info, uint64_t first,
                        uint64_t count) {
  for (uint64_t value = first; value < first + count; ++value) {
    SampleRecord sample = sample_record(info.formats[0], value);
    writer.add(sample.record);
  }
}

// The value in a record, if all of it is as sample_record() made it; else UINT64_MAX.
inline uint64_t checked_sample(const RecordedRecord& recorded) {
  auto view = recorded.schema->formatter.view_untrusted(recorded.record.bytes);
  if (!view || view->header().format != 0) return UINT64_MAX;
  auto value = static_cast<uint64_t>(view->integer(0));
  SampleRecord sample = sample_record(recorded.schema->info.formats[0], value);
  bool same =
      sample.bytes == recorded.record.bytes && sample.record.segment == recorded.record.segment &&
      sample.record.number == recorded.record.number && sample.record.time == recorded.record.time;
  return same ? value : UINT64_MAX;
}

inline std::vector<uint64_t> read_samples(RecordingReader& reader) {
  std::vector<uint64_t> values;
  for (RecordedRecord record; reader.next(record);) values.push_back(checked_sample(record));
  return values;
}

inline std::string findings_text(const RecordingReader& reader) {
  std::string text;
  for (const Finding& finding : reader.findings()) text += finding.text + "\n";
  return text;
}

inline bool has_finding(const RecordingReader& reader, Finding::Kind kind) {
  for (const Finding& finding : reader.findings())
    if (finding.kind == kind) return true;
  return false;
}

}  // namespace stapd::test
