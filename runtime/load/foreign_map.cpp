#include "runtime/load/foreign_map.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>

#include "runtime/record/record_layout.h"

namespace stapd {
namespace {

// An array of `elements` that can be mapped; its number.
Result<uint32_t> check_array(int fd, uint64_t value_size, uint32_t elements) {
  bpf_map_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
    return fail(ErrorCode::corrupt, "what came is no map");
  if (info.type != BPF_MAP_TYPE_ARRAY || !(info.map_flags & BPF_F_MMAPABLE) ||
      info.value_size != value_size || info.max_entries != elements)
    return failf(ErrorCode::corrupt, "map '{}' is not what was promised", info.name);
  return info.id;
}

Result<MapMemory> map_read_only(int fd, size_t bytes) {
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  bytes = (bytes + page - 1) / page * page;
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail_errno("mapping a map of the session", errno);
  return MapMemory(data, bytes);
}

Result<RingShape> shape_untrusted(uint64_t segment_size, uint32_t segments) {
  if (!std::has_single_bit(segment_size) || segment_size < kMinSegmentSize ||
      segment_size > kMaxSegmentSize || segments == 0)
    return failf(ErrorCode::corrupt, "no ring has {} segments of {} bytes", segments, segment_size);
  auto size = static_cast<uint32_t>(segment_size);
  return RingShape{size, segments, segment_value_size(size)};
}

}  // namespace

Result<ForeignRing> map_foreign_ring(int fd, uint64_t segment_size, uint32_t segments) {
  ForeignRing ring;
  STAPD_ASSIGN(ring.shape, shape_untrusted(segment_size, segments));
  STAPD_ASSIGN(ring.id, check_array(fd, ring.shape.stride, segments));
  STAPD_ASSIGN(ring.memory, map_read_only(fd, ring.shape.stride * segments));
  return ring;
}

Result<ForeignRing> reserve_copied_ring(uint64_t segment_size, uint32_t segments) {
  ForeignRing ring;
  STAPD_ASSIGN(ring.shape, shape_untrusted(segment_size, segments));
  size_t bytes = ring.shape.stride * segments;
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return fail_errno("room for a copy of the session's ring", errno);
  ring.memory = MapMemory(data, bytes);
  return ring;
}

Status map_copied_segments(int fd, const ForeignRing& ring, uint32_t first, uint32_t end) {
  if (first > end || end > ring.shape.segments)
    return failf(ErrorCode::corrupt, "there are no segments {} to {}", first, end);
  struct stat file = {};
  if (fstat(fd, &file) != 0) return fail_errno("a copy of the session's ring", errno);
  int seals = fcntl(fd, F_GET_SEALS);
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_WRITE;
  if (seals < 0 || (seals & kNeeded) != kNeeded ||
      static_cast<size_t>(file.st_size) != ring.memory.size())
    return fail(ErrorCode::corrupt, "what came is no copy of the session's ring");
  if (first == end) return {};
  size_t at = first * ring.shape.stride, bytes = (end - first) * ring.shape.stride;
  void* data = mmap(ring.memory.data() + at, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
                    static_cast<off_t>(at));
  if (data == MAP_FAILED) return fail_errno("mapping a copy of the session's ring", errno);
  return {};
}

Result<MapMemory> map_foreign_state(int fd, uint64_t bytes) {
  if (bytes < sizeof(SessionState))
    return failf(ErrorCode::corrupt, "a session's state of {} bytes is too short", bytes);
  STAPD_TRY(check_array(fd, bytes, 1));
  return map_read_only(fd, bytes);
}

}  // namespace stapd
