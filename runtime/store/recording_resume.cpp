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
  Status add_file(const std::string& path) {
    STAPD_ASSIGN(std::unique_ptr<FileSource> source, FileSource::open(path));
    BlockScan scan = scan_blocks(*source);
    if (scan.blocks.empty()) return {};
    point_.resume.id = scan.blocks.back().header.recording;
    files_.push_back({scan.blocks.back().header.file, path, 0, 0, source->size()});
    for (const ScannedBlock& block : scan.blocks) blocks_.push_back({source.get(), block});
    sources_.push_back(std::move(source));
    return {};
  }

  Result<ResumePoint> run() {
    keep_last_recording();
    if (blocks_.empty()) return fail(ErrorCode::not_found, "no block of a recording");
    std::sort(blocks_.begin(), blocks_.end(), [](const FoundBlock& a, const FoundBlock& b) {
      return a.block.header.sequence < b.block.header.sequence;
    });
    point_.resume.next_sequence = blocks_.back().block.header.sequence + 1;
    read_schemas();
    for (size_t i = first_to_read(); i < blocks_.size(); ++i) read_records(blocks_[i]);
    for (const SegmentTotals& totals : point_.resume.totals)
      point_.positions.push_back(totals.position);
    return std::move(point_);
  }

 private:
  void keep_last_recording() {
    std::erase_if(blocks_, [&](const FoundBlock& found) {
      return found.block.header.recording != point_.resume.id;
    });
    std::sort(files_.begin(), files_.end(),
              [](const RotatedFile& a, const RotatedFile& b) { return a.number < b.number; });
    for (const RotatedFile& file : files_) {
      point_.files.files.push_back(file);
      point_.files.next = file.number + 1;
    }
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
    if (!schemas_.empty()) point_.info = schemas_.rbegin()->second;
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
  std::vector<RotatedFile> files_;
  std::vector<std::unique_ptr<FileSource>> sources_;
  std::vector<FoundBlock> blocks_;
  std::map<uint32_t, RecordingInfo> schemas_;
};

}  // namespace

Result<ResumePoint> find_resume_point(const std::vector<std::string>& paths) {
  ResumeFinder finder;
  for (const std::string& path : paths) STAPD_TRY(finder.add_file(path));
  return finder.run();
}

}  // namespace stapd
