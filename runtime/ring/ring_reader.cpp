#include "runtime/ring/ring_reader.h"

#include <utility>

namespace stapd {

RingWindow::RingWindow(std::vector<SegmentCopy> segments) : segments_(std::move(segments)) {
  rewind();
}

void RingWindow::rewind() {
  std::vector<MergeSource> sources;
  sources.reserve(segments_.size());
  for (uint32_t i = 0; i < segments_.size(); ++i)
    sources.push_back({segments_[i].entries(), segments_[i].bytes(), i});
  merge_ = RecordMerge(std::move(sources));
}

SegmentLedger RingWindow::total() const {
  SegmentLedger sum;
  for (const SegmentCopy& segment : segments_) sum += segment.ledger();
  return sum;
}

RingWindow RingReader::take(uint64_t since) const {
  std::vector<SegmentCopy> copies;
  copies.reserve(ring_.segments);
  for (uint32_t i = 0; i < ring_.segments; ++i) copies.push_back(read_new(i, 0, since));
  return RingWindow(std::move(copies));
}

SegmentCopy RingReader::read_new(uint32_t segment, uint64_t after, uint64_t since,
                                 SegmentCopy used) const {
  return SegmentCopy::take(SharedSegment(ring_, segment), formats_, {after, since, patience_us_},
                           std::move(used));
}

SegmentLedger RingReader::counters(uint32_t segment) const {
  return read_counters(SharedSegment(ring_, segment));
}

SegmentLedger& operator+=(SegmentLedger& sum, const SegmentLedger& other) {
  sum.produced += other.produced;
  sum.before += other.before;
  sum.kept += other.kept;
  sum.in_flight += other.in_flight;
  sum.overwritten += other.overwritten;
  sum.unreadable += other.unreadable;
  sum.exact &= other.exact;
  for (uint32_t cause = 0; cause < kDropCauses; ++cause) sum.dropped[cause] += other.dropped[cause];
  return sum;
}

}  // namespace stapd
