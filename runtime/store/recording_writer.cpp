#include "runtime/store/recording_writer.h"

#include <iterator>
#include <utility>

#include "runtime/base/check.h"

namespace stapd {
namespace {

// A schema is a kilobyte or two: rare enough to cost nothing, frequent enough to be near.
constexpr uint64_t kBlocksBetweenSchemas = 64;

}  // namespace

std::vector<SegmentReport> report_of(const RingFollower& follower, const RingReader& reader) {
  std::vector<SegmentReport> segments(reader.segments());
  std::vector<uint64_t> positions = follower.positions();
  for (uint32_t i = 0; i < segments.size(); ++i) {
    const FollowLedger& ledger = follower.ledger(i);
    segments[i] = {positions[i], ledger.overwritten, ledger.abandoned, ledger.unreadable,
                   reader.counters(i).dropped};
  }
  return segments;
}

RecordingWriter::RecordingWriter(FileLayer& layer, RotationOptions files, RecordingInfo info,
                                 RecordingOptions options, RotationState state,
                                 RecordingResume resume)
    : files_(layer, std::move(files), std::move(state)),
      info_(std::move(info)),
      options_(options),
      resume_(std::move(resume)),
      compressor_(options.level),
      builder_(info_.formats),
      records_in_block_(info_.segments),
      totals_(info_.segments),
      sequence_(resume_.next_sequence) {
  if (resume_.id == RecordingId{}) resume_.id = make_recording_id();
  resume_.totals.resize(info_.segments);
  resume_.written.resize(info_.segments);
  totals_ = resume_.totals;
  for (uint32_t i = 0; i < totals_.size(); ++i) totals_[i].segment = i;
  for (const SegmentTotals& totals : totals_) records_written_ += totals.written;
  if (resume_.next_sequence) first_file_ = resume_.first_file;
}

Status RecordingWriter::open_first_file() {
  if (resume_.reopen && files_.reopen_last()) return {};
  return files_.open_next();
}

Status RecordingWriter::start() {
  if (resume_.ended) return {};
  Status started = open_first_file();
  if (started) started = write_schema();
  trouble_.note(started);
  return started;
}

void RecordingWriter::add(const RingRecord& record) {
  if (record.segment >= totals_.size()) return;
  // A number that the recording had before it was taken up again.
  auto& written = resume_.written[record.segment];
  if (!written.empty() && written.erase(record.number)) return;
  resume_.ended = false;
  builder_.add(record);
  ++records_in_block_[record.segment];
  if (builder_.weight() >= options_.block_weight || builder_.records() >= kMaxRecordsInBlock / 2) {
    end_block(false);
    trouble_.note(write_waiting());
  }
}

Status RecordingWriter::settle(const std::vector<SegmentReport>& segments) {
  for (size_t i = 0; i < segments.size() && i < totals_.size(); ++i) {
    SegmentTotals& before = resume_.totals[i];
    // What was written before the restart, and was overwritten in the ring since then.
    auto& written = resume_.written[i];
    auto end = written.upper_bound(segments[i].position);
    before.overwritten -= static_cast<uint64_t>(std::distance(written.begin(), end));
    written.erase(written.begin(), end);
    totals_[i].position = segments[i].position;
    totals_[i].overwritten = before.overwritten + segments[i].overwritten;
    totals_[i].abandoned = before.abandoned + segments[i].abandoned;
    totals_[i].unreadable = before.unreadable + segments[i].unreadable;
    totals_[i].dropped = segments[i].dropped;
  }
  if (resume_.ended) return {};
  if (builder_.records() > 0) end_block(true);
  // Also when nothing waits: an error is said as soon as it is there.
  Status written = files_.is_open() ? Status() : switch_file();
  if (written) written = write_waiting();
  if (written) written = sync_now_and_then();
  trouble_.note(written);
  files_.expire();
  return written;
}

void RecordingWriter::account(std::vector<uint64_t>& records, uint64_t SegmentTotals::*counter) {
  for (size_t i = 0; i < records.size(); ++i) totals_[i].*counter += std::exchange(records[i], 0);
}

void RecordingWriter::end_block(bool settled) {
  BlockHeader header;
  header.kind = BlockKind::records;
  header.settled = settled;
  header.schema = info_.number;
  header.records = builder_.records();
  header.first_time = builder_.first_time();
  header.last_time = builder_.last_time();
  if (waiting_bytes_ >= options_.max_waiting) {
    account(records_in_block_, &SegmentTotals::unwritten);
    body_ = builder_.take({}, {}, std::move(body_));
    return;
  }
  account(records_in_block_, &SegmentTotals::written);
  body_ = builder_.take(given_clock_ ? *given_clock_ : read_clocks(), totals_, std::move(body_));
  enqueue(header, body_);
}

PackedBody RecordingWriter::pack(const BlockBody& body) {
  return options_.level ? pack_body(body, compressor_) : plain_body(body);
}

void RecordingWriter::enqueue(BlockHeader header, const BlockBody& body) {
  waiting_.push_back({header, pack(body)});
  waiting_bytes_ += waiting_.back().body.stored.size();
}

Status RecordingWriter::write_waiting() {
  while (!waiting_.empty()) {
    WaitingBlock& block = waiting_.front();
    if (files_.is_due(kBlockHeaderSize + block.body.stored.size())) STAPD_TRY(switch_file());
    if (blocks_since_schema_ >= kBlocksBetweenSchemas) STAPD_TRY(write_schema());
    STAPD_TRY(write_block(block.header, block.body));
    records_written_ += block.header.records;
    waiting_bytes_ -= block.body.stored.size();
    waiting_.pop_front();
  }
  return {};
}

Status RecordingWriter::write_block(BlockHeader header, const PackedBody& body) {
  header.recording = resume_.id;
  header.sequence = sequence_;
  header.file = files_.number();
  STAPD_TRY(files_.write(encode_block(header, body)));
  ++sequence_;
  ++blocks_since_schema_;
  return {};
}

Status RecordingWriter::write_schema() {
  // Files of earlier recordings may stand before ours.
  if (!first_file_) first_file_ = files_.number();
  info_.file = files_.number();
  info_.oldest_file = std::max(files_.oldest(), *first_file_);
  BlockHeader header;
  header.kind = BlockKind::schema;
  header.schema = info_.number;
  STAPD_TRY(write_block(header, pack({encode_schema(info_), {}})));
  blocks_since_schema_ = 0;
  return {};
}

Status RecordingWriter::write_end(bool final, std::string reason) {
  STAPD_TRY(write_schema());
  RecordingEnd end{final, sequence_, records_written_, std::move(reason), totals_};
  BlockHeader header;
  header.kind = BlockKind::end;
  header.schema = info_.number;
  return write_block(header, pack({encode_end(end), {}}));
}

Status RecordingWriter::switch_file() {
  // A full disk may refuse the end block; the next file goes on all the same.
  if (files_.is_open()) (void)write_end(false, "");
  STAPD_TRY(files_.open_next());
  return write_schema();
}

Status RecordingWriter::sync_now_and_then() {
  uint64_t now = read_boot_clock();
  if (!options_.sync_ns || now - synced_ < options_.sync_ns) return {};
  synced_ = now;
  return files_.sync();
}

Status RecordingWriter::finish(std::string reason) {
  if (resume_.ended) return {};
  if (builder_.records() > 0) end_block(true);
  Status done = write_waiting();
  if (done) done = write_end(true, std::move(reason));
  if (done) done = files_.sync();
  trouble_.note(done);
  files_.close();
  return done;
}

void RecordingWriter::set_schema(RecordingInfo info) {
  if (builder_.records() > 0) end_block(false);
  trouble_.note(write_waiting());
  info.number = info_.number + 1;
  info.segments = info_.segments;
  info.file = files_.number();
  info.oldest_file = info_.oldest_file;
  info_ = std::move(info);
  builder_ = RecordBlockBuilder(info_.formats);
  BlockHeader header;
  header.kind = BlockKind::schema;
  header.schema = info_.number;
  enqueue(header, {encode_schema(info_), {}});
  trouble_.note(write_waiting());
}

// All records of a block share one reading.
void RecordingWriter::set_clock(const ClockReading& clock) {
  bool moved = given_clock_ && clock.real - clock.boot != given_clock_->real - given_clock_->boot;
  if (moved && builder_.records() > 0) {
    end_block(false);
    trouble_.note(write_waiting());
  }
  given_clock_ = clock;
}

void RecordingWriter::add_symbols(std::vector<RecordedSymbol> symbols) {
  BlockHeader header;
  header.kind = BlockKind::symbols;
  header.schema = info_.number;
  enqueue(header, {encode_symbols(symbols), {}});
}

uint64_t RecordingWriter::waiting_records() const {
  uint64_t sum = 0;
  for (const WaitingBlock& block : waiting_) sum += block.header.records;
  return sum;
}

uint64_t RecordingWriter::unwritten() const {
  uint64_t sum = 0;
  for (const SegmentTotals& totals : totals_) sum += totals.unwritten;
  return sum;
}

}  // namespace stapd
