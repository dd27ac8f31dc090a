#include "runtime/store/recording_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "runtime/store/recording_parts.h"

namespace stapd {
namespace {

bool holds_records(const ScannedBlock& block) {
  return block.intact && block.header.kind == BlockKind::records &&
         block.header.version == kBlockVersion;
}

}  // namespace

RecordingReader::RecordingReader() : RecordingReader(Options()) {}
RecordingReader::RecordingReader(Options options) : options_(options) {}
RecordingReader::~RecordingReader() = default;

Status RecordingReader::add_file(const std::string& path) {
  STAPD_ASSIGN(std::unique_ptr<FileSource> source, FileSource::open(path));
  bool live = source->is_live();
  add_source(path, std::move(source), live);
  return {};
}

void RecordingReader::add_source(std::string name, std::unique_ptr<ByteSource> source, bool live) {
  File file{std::move(name), std::move(source), live, {}};
  file.scan = scan_blocks(*file.source);
  files_.push_back(std::move(file));
}

void RecordingReader::open() {
  sort_into_recordings();
  check_files();
  for (auto& recording : recordings_) {
    read_schemas(*recording);
    read_last_ledger(*recording);
    read_newest(*recording);
    check_sequence(*recording);
    check_set(*recording);
  }
}

void RecordingReader::sort_into_recordings() {
  for (size_t i = 0; i < files_.size(); ++i) {
    for (const ScannedBlock& block : files_[i].scan.blocks) {
      auto known = std::find_if(recordings_.begin(), recordings_.end(), [&](const auto& recording) {
        return recording->id == block.header.recording;
      });
      if (known == recordings_.end()) {
        recordings_.push_back(std::make_unique<Recording>());
        known = recordings_.end() - 1;
        (*known)->id = block.header.recording;
      }
      (*known)->blocks.push_back({i, block});
      (*known)->live |= files_[i].live;
    }
  }
  for (auto& recording : recordings_) {
    // A block that is there twice is taken once: intact, if one of them is.
    auto before = [](const Recording::Block& a, const Recording::Block& b) {
      return std::tuple(a.block.header.sequence, !a.block.intact) <
             std::tuple(b.block.header.sequence, !b.block.intact);
    };
    auto same = [](const Recording::Block& a, const Recording::Block& b) {
      return a.block.header.sequence == b.block.header.sequence;
    };
    auto& blocks = recording->blocks;
    std::stable_sort(blocks.begin(), blocks.end(), before);
    blocks.erase(std::unique(blocks.begin(), blocks.end(), same), blocks.end());
  }
}

Result<std::string> RecordingReader::body_of(const Recording& recording, size_t block) const {
  const Recording::Block& place = recording.blocks[block];
  return read_body(*files_[place.file].source, place.block);
}

std::string RecordingReader::place_of(const Recording& recording, size_t block) const {
  const Recording::Block& place = recording.blocks[block];
  return fmt::format("{}: block {} at byte {}", files_[place.file].name,
                     place.block.header.sequence, place.block.offset);
}

void RecordingReader::find(Finding::Kind kind, std::string text) {
  findings_.push_back({kind, std::move(text)});
}

// The first schema block of each number is enough; the newest of all tells which files there are.
void RecordingReader::read_schemas(Recording& recording) {
  for (size_t i = 0; i < recording.blocks.size(); ++i) {
    const ScannedBlock& block = recording.blocks[i].block;
    if (!block.intact || block.header.kind != BlockKind::schema ||
        block.header.version != kBlockVersion)
      continue;
    auto body = body_of(recording, i);
    auto info = body ? decode_schema_untrusted(*body) : tl::unexpected(body.error());
    if (!info) {
      find(Finding::Kind::unreadable,
           fmt::format("{}: {}", place_of(recording, i), info.error().message));
      continue;
    }
    recording.oldest_file = info->oldest_file;
    recording.newest_file = info->file;
    const ClockReading& clock = info->clock;
    boot_offsets_.emplace(info->boot_id, clock.real - clock.boot);
    uint32_t number = info->number;
    if (!recording.schemas.contains(number))
      recording.schemas.emplace(number, std::make_unique<ReadSchema>(std::move(*info)));
  }
}

void RecordingReader::read_last_ledger(Recording& recording) {
  for (size_t i = recording.blocks.size(); i-- > 0;) {
    const BlockHeader& header = recording.blocks[i].block.header;
    if (!recording.blocks[i].block.intact || header.version != kBlockVersion) continue;
    if (header.kind == BlockKind::end) {
      auto body = body_of(recording, i);
      auto end = body ? decode_end_untrusted(*body) : tl::unexpected(body.error());
      if (!end) continue;
      recording.ledger = std::move(end->ledger);
      return;
    }
    if (header.kind == BlockKind::records) {
      auto schema = recording.schemas.find(header.schema);
      auto body = body_of(recording, i);
      if (schema == recording.schemas.end() || !body) continue;
      auto block = RecordBlock::decode_untrusted(std::move(*body), schema->second->info.formats,
                                                 header.records);
      if (!block) continue;
      recording.ledger = block->ledger();
      return;
    }
  }
}

// The clocks of the last block with records tell.
void RecordingReader::read_newest(Recording& recording) {
  for (size_t i = recording.blocks.size(); i-- > 0 && !recording.newest;) {
    const ScannedBlock& block = recording.blocks[i].block;
    if (!holds_records(block)) continue;
    auto schema = recording.schemas.find(block.header.schema);
    auto body = body_of(recording, i);
    if (schema == recording.schemas.end() || !body) continue;
    auto decoded = RecordBlock::decode_untrusted(std::move(*body), schema->second->info.formats,
                                                 block.header.records);
    if (!decoded) continue;
    const ClockReading& clock = decoded->clock();
    recording.newest = clock.real - (clock.boot - block.header.last_time);
  }
}

bool RecordingReader::is_limited() const {
  return options_.since > 0 || options_.until < UINT64_MAX || options_.boot_since > 0 ||
         options_.boot_until < UINT64_MAX;
}

// Whether none of a block's records are of the time that was asked for: its clocks, which stand
// first, say so, and the rest of it stays packed.
bool RecordingReader::is_outside(const Recording& recording, size_t block) const {
  const Recording::Block& place = recording.blocks[block];
  const BlockHeader& header = place.block.header;
  if (!is_limited() || header.first_time == 0) return false;  // 0: there are some without time
  if (header.last_time < options_.boot_since || header.first_time > options_.boot_until)
    return true;
  auto start = read_body_start(*files_[place.file].source, place.block, RecordBlock::kClockBytes);
  auto clock = start ? RecordBlock::decode_clock_untrusted(*start) : tl::unexpected(start.error());
  if (!clock) return false;  // whoever unpacks it says what is wrong
  uint64_t offset = clock->real - clock->boot;
  return header.last_time + offset < options_.since || header.first_time + offset > options_.until;
}

// Opens the next records block that can be read.
bool RecordingReader::load_block(Recording& recording) {
  while (recording.next_block < recording.blocks.size()) {
    size_t i = recording.next_block++;
    const ScannedBlock& block = recording.blocks[i].block;
    if (!holds_records(block)) continue;
    auto schema = recording.schemas.find(block.header.schema);
    if (schema == recording.schemas.end()) {
      find(Finding::Kind::unreadable, fmt::format("{}: its schema, number {}, is not there",
                                                  place_of(recording, i), block.header.schema));
      continue;
    }
    if (is_outside(recording, i)) continue;
    ++unpacked_;
    auto body = body_of(recording, i);
    auto decoded = body ? RecordBlock::decode_untrusted(
                              std::move(*body), schema->second->info.formats, block.header.records)
                        : tl::unexpected(body.error());
    if (!decoded) {
      find(Finding::Kind::unreadable,
           fmt::format("{}: {}", place_of(recording, i), decoded.error().message));
      continue;
    }
    recording.open_block = std::move(*decoded);
    recording.open_schema = schema->second.get();
    return true;
  }
  return false;
}

// Makes the next record the candidate.
bool RecordingReader::advance(Recording& recording) {
  Recording::Candidate& candidate = recording.candidate;
  for (;;) {
    while (!recording.open_block.next(candidate.record))
      if (!load_block(recording)) return false;
    // Wall time by the reading next to the record; the order by one offset for all of a boot.
    const ClockReading& clock = recording.open_block.clock();
    candidate.real = clock.real - (clock.boot - candidate.record.time);
    candidate.order = candidate.record.time + offset_of(recording);
    if (candidate.record.time == 0) candidate.real = clock.real;
    uint64_t boot = candidate.record.time;
    if (candidate.real >= options_.since && candidate.real <= options_.until &&
        boot >= options_.boot_since && boot <= options_.boot_until)
      return true;
  }
}

uint64_t RecordingReader::offset_of(const Recording& recording) const {
  auto known = boot_offsets_.find(recording.open_schema->info.boot_id);
  return known == boot_offsets_.end() ? 0 : known->second;
}

bool RecordingReader::next(RecordedRecord& record) {
  // Only now: what the last call gave was valid up to this one.
  if (!std::exchange(begun_, true))
    for (auto& recording : recordings_) recording->has_candidate = advance(*recording);
  if (given_) given_->has_candidate = advance(*given_);
  given_ = nullptr;
  for (size_t i = 0; i < recordings_.size(); ++i) {
    Recording* recording = recordings_[i].get();
    if (!recording->has_candidate) continue;
    if (given_ && given_->candidate.order <= recording->candidate.order) continue;
    given_ = recording;
    record.recording = i;
  }
  if (!given_) return false;
  record.record = given_->candidate.record;
  record.real = given_->candidate.real;
  record.schema = given_->open_schema;
  return true;
}

bool RecordingReader::is_whole() const {
  return std::none_of(findings_.begin(), findings_.end(),
                      [](const Finding& finding) { return finding.is_fault(); });
}

const RecordingId& RecordingReader::id(size_t recording) const {
  return recordings_[recording]->id;
}

const ReadSchema* RecordingReader::schema(size_t recording) const {
  const auto& schemas = recordings_[recording]->schemas;
  return schemas.empty() ? nullptr : schemas.rbegin()->second.get();
}

const std::vector<SegmentTotals>& RecordingReader::ledger(size_t recording) const {
  return recordings_[recording]->ledger;
}

uint64_t RecordingReader::blocks(size_t recording) const {
  return recordings_[recording]->blocks.size();
}

uint64_t RecordingReader::records(size_t recording) const {
  uint64_t sum = 0;
  for (const Recording::Block& block : recordings_[recording]->blocks)
    if (holds_records(block.block)) sum += block.block.header.records;
  return sum;
}

uint64_t RecordingReader::newest(size_t recording) const { return recordings_[recording]->newest; }

std::vector<RecordedSymbol> RecordingReader::symbols(size_t index) {
  std::vector<RecordedSymbol> all;
  const Recording& recording = *recordings_[index];
  for (size_t i = 0; i < recording.blocks.size(); ++i) {
    const ScannedBlock& block = recording.blocks[i].block;
    if (!block.intact || block.header.kind != BlockKind::symbols) continue;
    auto body = body_of(recording, i);
    auto symbols = body ? decode_symbols_untrusted(*body) : tl::unexpected(body.error());
    if (symbols)
      all.insert(all.end(), symbols->begin(), symbols->end());
    else
      find(Finding::Kind::unreadable,
           fmt::format("{}: {}", place_of(recording, i), symbols.error().message));
  }
  return all;
}

}  // namespace stapd
