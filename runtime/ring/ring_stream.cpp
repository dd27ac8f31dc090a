#include "runtime/ring/ring_stream.h"

#include <algorithm>
#include <utility>

#include "runtime/ring/ring_reader.h"

namespace stapd {
namespace {

uint64_t found(const SegmentLedger& ledger) {
  return ledger.before + ledger.kept + ledger.in_flight + ledger.unreadable;
}

}  // namespace

RingStream::RingStream(const RingMapping& ring, std::span<const RecordFormat> formats,
                       uint64_t since, uint32_t patience_us, uint64_t chunk_bytes)
    : ring_(ring),
      formats_(formats),
      since_(since),
      patience_us_(patience_us),
      chunk_bytes_(chunk_bytes),
      tracks_(ring.segments) {
  for (uint32_t i = 0; i < ring.segments; ++i) {
    Track& track = tracks_[i];
    CopyRequest request;
    request.since = since;
    request.patience_us = patience_us;
    track.index = SegmentIndex::take(SharedSegment(ring, i), formats, request, chunk_bytes);
    uint64_t earliest = UINT64_MAX;
    for (const SegmentChunk& chunk : track.index.chunks) {
      bool timeless = chunk.records && chunk.least_time == UINT64_MAX;
      earliest = std::min(earliest, timeless ? 0 : chunk.least_time);
      track.earliest.push_back(earliest);
    }
    // What stands before the first time of all has none.
    if (!track.earliest.empty()) track.earliest.back() = 0;
  }
}

// The track that has the oldest of what is due.
RingStream::Track* RingStream::first_track(std::optional<uint64_t> (Track::*due)() const) {
  Track* first = nullptr;
  for (Track& track : tracks_) {
    std::optional<uint64_t> time = (track.*due)();
    if (time && (!first || *time < *(first->*due)())) first = &track;
  }
  return first;
}

// The oldest chunk that is not copied yet.
void RingStream::copy_chunk(Track& track) {
  const SegmentChunk& chunk = track.index.chunks.back();
  CopyRequest request;
  request.after_number = chunk.after;
  request.since = since_;
  request.patience_us = patience_us_;
  request.newest = chunk.newest;
  request.time_before = track.last_time;
  auto segment = static_cast<uint32_t>(&track - tracks_.data());
  SegmentCopy used;
  if (!spare_.empty()) {
    used = std::move(spare_.back());
    spare_.pop_back();
  }
  track.pieces.push_back({SegmentCopy::take_chunk(SharedSegment(ring_, segment), formats_, chunk,
                                                  request, std::move(used)),
                          0});
  SegmentCopy& copy = track.pieces.back().copy;
  copy.leave_out(track.index.in_flight);
  track.last_time = copy.last_time();
  SegmentLedger& sum = track.index.ledger;
  uint64_t older = copy.ledger().before - chunk.after;
  sum.before += older;
  sum.kept += copy.ledger().kept;
  sum.in_flight += copy.ledger().in_flight;
  sum.unreadable += copy.ledger().unreadable;
  // What is older than something too old was not asked for. Newer chunks may still be overwritten.
  if (older > 0) sum.before += chunk.newest.number - std::min(found(sum), chunk.newest.number);
  track.ahead.push_back(track.earliest.back());
  track.earliest.pop_back();
  track.index.chunks.pop_back();
}

void RingStream::read_ahead(uint64_t bytes) {
  uint64_t copied = 0;
  for (const Track& track : tracks_) copied += track.ahead.size() * chunk_bytes_;
  for (; copied < bytes; copied += chunk_bytes_) {
    Track* track = first_track(&Track::uncopied);
    if (!track) return;
    copy_chunk(*track);
  }
}

bool RingStream::next(RingRecord& record) {
  while (!merge_.next(record))
    if (!advance()) return false;
  Track& track = tracks_[record.segment];
  if (record.time && (!track.oldest || record.time < track.oldest)) track.oldest = record.time;
  return true;
}

// One more chunk into the merge: the one that holds the others up.
bool RingStream::advance() {
  if (last_) return false;
  drop_taken();
  if (Track* track = first_track(&Track::pending)) {
    if (track->ahead.empty()) copy_chunk(*track);
    track->ahead.pop_front();
    ++track->merging;
  }
  last_ = !first_track(&Track::pending);
  merge_again();
  return true;
}

void RingStream::drop_taken() {
  for (size_t i = 0; i < merged_.size(); ++i) merged_[i]->taken += merge_.sources()[i].taken;
  merged_.clear();
  merge_ = RecordMerge();
  for (Track& track : tracks_) {
    auto is_done = [](const Piece& piece) { return piece.taken == piece.copy.entries().size(); };
    for (; track.merging > 0 && is_done(track.pieces.front()); --track.merging) {
      if (spare_.size() < tracks_.size()) spare_.push_back(std::move(track.pieces.front().copy));
      track.pieces.pop_front();
    }
  }
}

// Up to the first record that is still to come from a chunk.
void RingStream::merge_again() {
  uint64_t horizon = UINT64_MAX;
  std::vector<MergeSource> sources;
  for (uint32_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (auto time = track.pending()) horizon = std::min(horizon, *time ? *time - 1 : 0);
    for (size_t k = 0; k < track.merging; ++k) {
      Piece& piece = track.pieces[k];
      std::span<const SegmentCopy::Entry> left(piece.copy.entries());
      sources.push_back({left.subspan(piece.taken), piece.copy.bytes(), i});
      merged_.push_back(&piece);
    }
  }
  merge_ = RecordMerge(std::move(sources), horizon);
}

uint64_t RingStream::records() const {
  uint64_t sum = 0;
  for (const Track& track : tracks_) {
    for (const SegmentChunk& chunk : track.index.chunks) sum += chunk.records;
    sum += track.index.ledger.kept;
  }
  return sum;
}

SegmentLedger RingStream::ledger(uint32_t segment) const {
  SegmentLedger ledger = tracks_[segment].index.ledger;
  ledger.overwritten = ledger.produced - std::min(found(ledger), ledger.produced);
  return ledger;
}

SegmentLedger RingStream::total() const {
  SegmentLedger sum;
  for (uint32_t i = 0; i < segments(); ++i) sum += ledger(i);
  return sum;
}

}  // namespace stapd
