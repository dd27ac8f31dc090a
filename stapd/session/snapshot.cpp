#include "stapd/session/snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/load/run_word.h"
#include "runtime/ring/ring_snapshot.h"
#include "stapd/session/sealed_memfd.h"

namespace stapd {
namespace {

// About 15 ms of the daemon's time.
constexpr uint64_t kBytesAtOnce = 8 << 20;

Status write_at(int fd, std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    ssize_t size = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("taking a snapshot", errno);
    bytes = bytes.subspan(static_cast<size_t>(size));
    offset += static_cast<uint64_t>(size);
  }
  return {};
}

}  // namespace

Result<Snapshot> copy_recording(int schema_fd, const RecordingMaps& maps,
                                const SnapshotRequest& request) {
  const RingMapping ring = maps.ring();
  const std::span<const uint64_t> after = request.after;
  Snapshot snapshot;
  snapshot.schema_fd = schema_fd;
  snapshot.segment_bytes = ring.segment_size;
  snapshot.segments = ring.segments;
  snapshot.first = snapshot.end = std::min(request.first, ring.segments);
  STAPD_ASSIGN(snapshot.ring_id, kernel_map_id(maps.ring_fd()));
  // Before the copy: what was written until it ended is in it.
  uint32_t ended = load_ended(maps.state());
  snapshot.ended = ended != 0;
  snapshot.replaced = ended == SessionState::replaced;
  STAPD_ASSIGN(snapshot.ring, make_memfd("stapd-snapshot"));
  if (ftruncate(snapshot.ring.get(), static_cast<off_t>(ring.stride * ring.segments)) < 0)
    return fail_errno("taking a snapshot", errno);
  for (uint64_t taken = 0; snapshot.end < ring.segments && taken < kBytesAtOnce; ++snapshot.end) {
    uint64_t base = snapshot.end * ring.stride;
    auto put = [&](uint64_t offset, std::span<const std::byte> bytes) {
      return write_at(snapshot.ring.get(), bytes, base + offset);
    };
    uint64_t number = snapshot.end < after.size() ? after[snapshot.end] : 0;
    STAPD_ASSIGN(uint64_t copied, take_snapshot(SharedSegment(ring, snapshot.end), number, put));
    taken += copied;
  }
  STAPD_TRY(seal_memfd(snapshot.ring.get()));
  return snapshot;
}

}  // namespace stapd
