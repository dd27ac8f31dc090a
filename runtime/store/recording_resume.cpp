#include "runtime/store/recording_resume.h"

#include <algorithm>
#include <map>

#include "runtime/store/block_scan.h"

namespace stapd {
namespace {

// Records are held back for a fraction of a second, and blocks are settled every second: what is
// written behind a position is in the last few settled blocks, or behind them.
constexpr int kSettledBlocksToRead = 3;

struct FoundBlock {
  const ByteSource* source;
  ScannedBlock block;
};

class ResumeFinder {
 public:
  explicit ResumeFinder(const std::optional<RecordingId>& wanted) : wanted_(wanted) {}

  // From the newest file to the oldest. What only the number of a file is wanted of is not scanned.
  Status add_file(const std::string& path) {
    STAPD_ASSIGN(std::unique_ptr<FileSource> source, FileSource::open(path));
    auto first = decode_block_header_untrusted(source->read(0, kMaxBlockHeader));
    if (settled_ > kSettledBlocksToRead && first) {
      if (first->recording == wanted_) note_file(path, *first, source->size());
      return {};
    }
    BlockScan scan = scan_blocks(*source);
    uint64_t end = source->size() - scan.torn;
    std::erase_if(scan.blocks, [&](const ScannedBlock& block) {
      // A torn block is written again, with the same number.
      return block.offset >= end || (wanted_ && block.header.recording != wanted_);
    });
    if (scan.blocks.empty()) return {};
    // Without a wish, the newest file's last block says which.
    wanted_ = scan.blocks.back().header.recording;
    note_file(path, scan.blocks.back().header, end);
    for (const ScannedBlock& block : scan.blocks) {
      if (block.header.recording != wanted_) continue;
      settled_ += block.intact && block.header.settled;
      blocks_.push_back({source.get(), block});
    }
    sources_.push_back(std::move(source));
    return {};
  }

  Result<ResumePoint> run() {
    if (blocks_.empty()) return fail(ErrorCode::not_found, "no block of a recording");
    std::sort(blocks_.begin(), blocks_.end(), [](const FoundBlock& a, const FoundBlock& b) {
      return a.block.header.sequence < b.block.header.sequence;
    });
    RotationState& files = point_.files;
    files.next = files.files.back().number + 1;
    point_.resume.id = *wanted_;
    point_.resume.first_file = files.files.front().number;
    point_.resume.next_sequence = blocks_.back().block.header.sequence + 1;
    point_.resume.reopen = blocks_.back().block.header.kind != BlockKind::end;
    point_.resume.ended = has_final_end();
    read_schemas();
    for (size_t i = first_to_read(); i < blocks_.size(); ++i) read_records(blocks_[i]);
    for (const SegmentTotals& totals : point_.resume.totals)
      point_.positions.push_back(totals.position);
    return std::move(point_);
  }

 private:
  void note_file(const std::string& path, const BlockHeader& header, uint64_t size) {
    point_.files.files.push_front({header.file, path, 0, 0, size});
  }

  bool has_final_end() const {
    const FoundBlock& last = blocks_.back();
    if (!last.block.intact || last.block.header.kind != BlockKind::end) return false;
    auto body = read_body(*last.source, last.block);
    auto end = body ? decode_end_untrusted(*body) : tl::unexpected(body.error());
    return end && end->final;
  }

  void read_schemas() {
    for (const FoundBlock& found : blocks_) {
      const BlockHeader& header = found.block.header;
      if (!found.block.intact || header.kind != BlockKind::schema) continue;
      if (schemas_.contains(header.schema)) continue;
      auto body = read_body(*found.source, found.block);
      auto info = body ? decode_schema_untrusted(*body) : tl::unexpected(body.error());
      if (info) schemas_.emplace(header.schema, std::move(*info));
    }
  }

  size_t first_to_read() const {
    int settled = 0;
    for (size_t i = blocks_.size(); i-- > 0;) {
      settled += blocks_[i].block.intact && blocks_[i].block.header.settled;
      if (settled > kSettledBlocksToRead) return i;
    }
    return 0;
  }

  void read_records(const FoundBlock& found) {
    const BlockHeader& header = found.block.header;
    auto schema = schemas_.find(header.schema);
    if (!found.block.intact || header.kind != BlockKind::records || schema == schemas_.end())
      return;
    auto body = read_body(*found.source, found.block);
    if (!body) return;
    auto block =
        RecordBlock::decode_untrusted(std::move(*body), schema->second.formats, header.records);
    if (!block) return;
    RecordingResume& resume = point_.resume;
    resume.totals = block->ledger();
    resume.written.resize(std::max(resume.written.size(), resume.totals.size()));
    for (RingRecord record; block->next(record);)
      if (record.segment < resume.written.size())
        resume.written[record.segment].insert(record.number);
    // Positions move on in settled blocks only; elsewhere the ledger repeats the last ones.
    for (size_t i = 0; i < resume.totals.size(); ++i) {
      auto& written = resume.written[i];
      written.erase(written.begin(), written.upper_bound(resume.totals[i].position));
    }
  }

  ResumePoint point_;
  std::optional<RecordingId> wanted_;
  std::vector<std::unique_ptr<FileSource>> sources_;
  std::vector<FoundBlock> blocks_;
  int settled_ = 0;  // blocks among them
  std::map<uint32_t, RecordingInfo> schemas_;
};

}  // namespace

Result<ResumePoint> find_resume_point(const std::vector<std::string>& paths,
                                      const std::optional<RecordingId>& wanted) {
  ResumeFinder finder(wanted);
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) STAPD_TRY(finder.add_file(*path));
  return finder.run();
}

}  // namespace stapd
