#include "runtime/ring/ring_snapshot.h"

#include <cstring>

#include "runtime/record/record_view.h"

namespace stapd {
namespace {

// Whoever takes it serves others, too: a writer that is between reserve and header is not waited
// for; its record is in the next snapshot.
constexpr uint32_t kPatienceUs = 0;

// A record that was in flight when the walk saw it may have been committed while its bytes were
// copied: nobody may take it for whole.
void mark_in_flight(SegmentCopy& copy, uint32_t data_size) {
  const SegmentCopy::Extent& extent = copy.extent();
  for (const auto& [number, distance] : copy.in_flight()) {
    uint64_t at = (extent.newest + distance) & (data_size - 1);
    at = at >= extent.newest ? at - extent.newest : extent.first + at;
    if (at + kHeaderSize > extent.first + extent.second) continue;
    uint64_t word;
    std::memcpy(&word, copy.raw_bytes() + at, sizeof word);
    if (unpack_header(word).count != (number & kCountMask)) continue;
    copy.raw_bytes()[at + kFlagsOffset] = std::byte{kReserved};
  }
}

SegmentControl control_of(const SegmentCopy& copy, uint32_t data_size) {
  const SegmentCopy::Extent& extent = copy.extent();
  SegmentControl control = {};
  control.head = extent.head;
  control.epochs = extent.epochs;
  for (uint32_t cause = 0; cause < kDropCauses; ++cause)
    control.dropped[cause] = copy.ledger().dropped[cause];
  control.untaken = data_size - extent.whole;
  return control;
}

}  // namespace

Result<uint64_t> take_snapshot(const SharedSegment& segment, uint64_t after,
                               const SnapshotSink& sink) {
  SegmentCopy copy = SegmentCopy::take(segment, {}, {after, 0, kPatienceUs});
  mark_in_flight(copy, segment.data_size());
  SegmentControl control = control_of(copy, segment.data_size());
  const SegmentCopy::Extent& extent = copy.extent();
  std::span<const std::byte> bytes(copy.raw_bytes(), extent.first + extent.second);
  STAPD_TRY(sink(0, std::as_bytes(std::span(&control, 1))));
  if (extent.first) STAPD_TRY(sink(kControlSize + extent.newest, bytes.first(extent.first)));
  if (extent.second) STAPD_TRY(sink(kControlSize, bytes.subspan(extent.first)));
  return bytes.size();
}

}  // namespace stapd
