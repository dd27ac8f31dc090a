// What is missing in a set of files. docs/recording-format.md, "Completeness".
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/store/recording_parts.h"

namespace stapd {
namespace {

std::string range_text(std::string_view what, uint64_t first, uint64_t last) {
  return first == last ? fmt::format("{} {}", what, first)
                       : fmt::format("{}s {} to {}", what, first, last);
}

}  // namespace

// File by file: damage, tails, later versions, end blocks.
void RecordingReader::check_files() {
  for (const File& file : files_) {
    const BlockScan& scan = file.scan;
    if (file.live) find(Finding::Kind::live, fmt::format("{}: is being written", file.name));
    if (scan.blocks.empty()) {
      if (!file.live)
        find(Finding::Kind::no_recording, fmt::format("{}: is no recording", file.name));
      continue;
    }
    for (const DamagedRange& range : scan.damage)
      find(Finding::Kind::damage, fmt::format("{}: {} bytes at byte {} are damaged", file.name,
                                              range.length, range.offset));
    // A writer at work may be in the middle of a block.
    if (scan.torn && !file.live)
      find(Finding::Kind::torn_tail, fmt::format("{}: tail: {} bytes torn", file.name, scan.torn));
    auto later = std::count_if(scan.blocks.begin(), scan.blocks.end(), [](const ScannedBlock& b) {
      return b.header.version != kBlockVersion;
    });
    if (later)
      find(Finding::Kind::unknown_version,
           fmt::format("{}: {} blocks of another version; this build reads version {}", file.name,
                       later, kBlockVersion));
    const ScannedBlock& last = scan.blocks.back();
    bool ends = last.intact && last.header.kind == BlockKind::end;
    if (!ends && !file.live)
      find(Finding::Kind::no_end,
           fmt::format("{}: ends without an end block: its writer was killed, or the file was cut",
                       file.name));
  }
}

// Numbers between the first and the last block that no block has.
void RecordingReader::check_sequence(const Recording& recording) {
  const auto& blocks = recording.blocks;
  for (size_t i = 1; i < blocks.size(); ++i) {
    uint64_t before = blocks[i - 1].block.header.sequence, after = blocks[i].block.header.sequence;
    if (after - before <= 1) continue;
    find(Finding::Kind::missing_blocks,
         fmt::format(
             "{}: {} missing before it", place_of(recording, i),
             range_text("block", before + 1, after - 1) + (after - before == 2 ? " is" : " are")));
  }
}

// Files of the set that are not there.
void RecordingReader::check_set(const Recording& recording) {
  std::set<uint32_t> present;
  uint32_t last = 0;
  for (const Recording::Block& block : recording.blocks) {
    present.insert(block.block.header.file);
    last = std::max(last, block.block.header.file);
  }
  if (present.empty()) return;
  const std::string& name = files_[recording.blocks.front().file].name;
  auto missing = [&](uint32_t first, uint32_t end) {
    find(Finding::Kind::missing_file,
         fmt::format("{}: of its recording, {} missing", name,
                     range_text("file", first, end) + (first == end ? " is" : " are")));
  };
  uint32_t expected = recording.schemas.empty() ? *present.begin() : recording.oldest_file;
  for (uint32_t number : present) {
    if (number > expected) missing(expected, number - 1);
    expected = std::max(expected, number + 1);
  }
  // The end block of the last file says whether there is a next one.
  const Recording::Block& tail = recording.blocks.back();
  if (!tail.block.intact || tail.block.header.kind != BlockKind::end) return;
  auto body = body_of(recording, recording.blocks.size() - 1);
  auto end = body ? decode_end_untrusted(*body) : tl::unexpected(body.error());
  if (end && !end->final && !recording.live) missing(last + 1, last + 1);
}

}  // namespace stapd
