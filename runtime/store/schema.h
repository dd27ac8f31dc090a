// What the records of a recording mean and where they come from: the schema, symbols and end
// blocks. docs/recording-format.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/image/program_image.h"
#include "runtime/record/record_format.h"
#include "runtime/record/record_layout.h"

namespace stapd {

struct ProbeName {
  std::string point;  // what pp() gives
  std::string alias;  // what pn() gives
};

// Of formats whose records no probe's handler makes.
constexpr uint32_t kNoProbe = UINT32_MAX;

struct RecordingInfo {
  uint32_t number = 0;  // of the schema in its recording
  std::string session;
  std::string script_name, script_text, script_sha256;
  std::vector<std::string> arguments;
  std::string host, kernel, boot_id, architecture;
  std::string writer;     // "stapd 0.1.0"
  uint32_t segments = 0;  // possible CPUs and the daemon's
  ClockReading clock;
  uint64_t started = 0;  // CLOCK_REALTIME
  uint32_t file = 0, oldest_file = 0;
  std::vector<ProbeName> probes;
  std::vector<RecordFormat> formats;

  // Whose handler prints the records of a format; null for what is made outside of handlers.
  const ProbeName* probe_of(uint16_t format) const {
    uint32_t probe = format < formats.size() ? formats[format].probe : kNoProbe;
    return probe < probes.size() ? &probes[probe] : nullptr;
  }
  // The last segment is the daemon's: CPU -1.
  int32_t cpu_of(uint32_t segment) const {
    return segment + 1 >= segments ? -1 : static_cast<int32_t>(segment);
  }
};

// All but number, file and oldest_file, from a session and the host it runs on.
RecordingInfo make_recording_info(const ProgramImage& image, uint32_t segments);

std::string encode_schema(const RecordingInfo& info);
// Formats are checked: RecordView can be used with them.
Result<RecordingInfo> decode_schema_untrusted(std::string_view body);

// What an address was, when somebody could tell.
struct RecordedSymbol {
  uint64_t address = 0, length = 0;
  std::string name, module, build_id;
  uint32_t pid = 0;  // 0: the kernel

  bool operator==(const RecordedSymbol&) const = default;
};
std::string encode_symbols(const std::vector<RecordedSymbol>& symbols);
Result<std::vector<RecordedSymbol>> decode_symbols_untrusted(std::string_view body);

// What happened to the records of one segment since the recording began.
struct SegmentTotals {
  uint32_t segment = 0;
  uint64_t position = 0;  // number up to which records are written or counted below
  uint64_t written = 0;
  uint64_t overwritten = 0, abandoned = 0, unreadable = 0;
  uint64_t unwritten = 0;                       // read from the ring, refused by the disk
  std::array<uint64_t, kDropCauses> dropped{};  // since the ring was made

  bool operator==(const SegmentTotals&) const = default;
};
void append_ledger(std::string& out, const std::vector<SegmentTotals>& ledger);
bool read_ledger(class VarintReader& in, std::vector<SegmentTotals>& ledger);

struct RecordingEnd {
  bool final = true;    // else it goes on in the next file
  uint64_t blocks = 0;  // before this one
  uint64_t records = 0;
  std::string reason;
  std::vector<SegmentTotals> ledger;
};
std::string encode_end(const RecordingEnd& end);
Result<RecordingEnd> decode_end_untrusted(std::string_view body);

}  // namespace stapd
