#include "runtime/load/foreign_map.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

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

}  // namespace

Result<ForeignRing> map_foreign_ring(int fd, uint64_t segment_size, uint32_t segments) {
  if (!std::has_single_bit(segment_size) || segment_size < kMinSegmentSize ||
      segment_size > kMaxSegmentSize || segments == 0)
    return failf(ErrorCode::corrupt, "no ring has {} segments of {} bytes", segments, segment_size);
  ForeignRing ring;
  uint32_t stride = segment_value_size(static_cast<uint32_t>(segment_size));
  ring.shape = {static_cast<uint32_t>(segment_size), segments, stride};
  STAPD_ASSIGN(ring.id, check_array(fd, stride, segments));
  STAPD_ASSIGN(ring.memory, map_read_only(fd, size_t{stride} * segments));
  return ring;
}

Result<MapMemory> map_foreign_state(int fd, uint64_t bytes) {
  if (bytes < sizeof(SessionState))
    return failf(ErrorCode::corrupt, "a session's state of {} bytes is too short", bytes);
  STAPD_TRY(check_array(fd, bytes, 1));
  return map_read_only(fd, bytes);
}

}  // namespace stapd
