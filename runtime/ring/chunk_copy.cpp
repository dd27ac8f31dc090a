// SegmentCopy::take_chunk: most of what a reader of a large ring does.
#include "runtime/ring/segment_copy.h"

namespace stapd {

// Newest first, as they lie. False when there is something that only a careful walk understands.
bool SegmentCopy::note_entries(std::span<const RecordFormat> formats, const SegmentChunk& chunk,
                               uint64_t intact) {
  entries_.resize(chunk.records);
  auto entry = entries_.end();
  uint64_t number = chunk.newest.number;
  for (uint64_t distance = 0; number > chunk.after && distance < intact; --number) {
    uint32_t offset = offset_of(distance);
    auto header = read_header({bytes() + offset, kHeaderSize});
    bool is_next = header->count == (number & kCountMask) && is_whole(header->flags) &&
                   header->length > 0 && header->length <= kMaxLengthInRing;
    if (!is_next || distance + header->length > chunk.bytes) return false;
    if (distance + header->length > intact) break;
    *--entry = {time_at(offset, has_time(*header, formats)), number, offset, header->length};
    distance += header->length;
  }
  entries_.erase(entries_.begin(), entry);
  return true;
}

SegmentCopy SegmentCopy::take_chunk(const SharedSegment& segment,
                                    std::span<const RecordFormat> formats,
                                    const SegmentChunk& chunk, const CopyRequest& request,
                                    SegmentCopy used) {
  SegmentCopy& copy = used;
  bool all_committed = chunk.records == chunk.newest.number - chunk.after;
  if (!all_committed) return take(segment, formats, request, std::move(used));
  copy.in_flight_.clear();
  copy.copy_bytes(segment, segment.newest_offset(chunk.newest.head), chunk.bytes);
  uint64_t intact = std::min(segment.intact(chunk.newest.head), chunk.bytes);
  if (!copy.note_entries(formats, chunk, intact))
    return take(segment, formats, request, std::move(used));
  copy.sort_by_time(request.time_before);
  copy.ledger_ = {};
  copy.ledger_.before = chunk.after + copy.drop_older(request.since);
  copy.ledger_.kept = copy.entries_.size();
  return used;
}

}  // namespace stapd
