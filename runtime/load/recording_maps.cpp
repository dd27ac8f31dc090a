#include "runtime/load/recording_maps.h"

#include <bpf/bpf.h>

#include <bit>
#include <cerrno>

#include "runtime/load/pins.h"
#include "runtime/record/record_layout.h"

namespace stapd {
namespace {

Result<bpf_map_info> array_info(int fd, const char* what) {
  bpf_map_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
    return fail_errno(std::string("the session's ") + what, errno);
  if (info.type != BPF_MAP_TYPE_ARRAY || !(info.map_flags & BPF_F_MMAPABLE))
    return failf(ErrorCode::corrupt, "map '{}' is not the {} of a session", info.name, what);
  return info;
}

}  // namespace

Result<RecordingMaps> RecordingMaps::map(int ring_fd, int state_fd) {
  RecordingMaps maps;
  STAPD_ASSIGN(maps.ring_fd_, duplicate_fd(ring_fd));
  STAPD_ASSIGN(maps.state_fd_, duplicate_fd(state_fd));
  STAPD_ASSIGN(bpf_map_info ring, array_info(ring_fd, "ring"));
  STAPD_ASSIGN(bpf_map_info state, array_info(state_fd, "state"));
  uint32_t segment_size = ring.value_size - segment_value_size(0);
  if (ring.value_size < segment_value_size(kMinSegmentSize) || !std::has_single_bit(segment_size) ||
      state.value_size < sizeof(SessionState))
    return failf(ErrorCode::corrupt, "maps '{}' and '{}' are not those of a session", ring.name,
                 state.name);
  // The stride of a mmapable array is the value's size, 8-aligned; ours is whole pages.
  maps.shape_ = {segment_size, ring.max_entries, ring.value_size};
  maps.state_bytes_ = state.value_size;
  STAPD_ASSIGN(maps.ring_, map_shared(ring_fd, maps.shape_.stride * maps.shape_.segments,
                                      "the session's ring"));
  STAPD_ASSIGN(maps.state_, map_shared(state_fd, state.value_size, "the session's state"));
  return maps;
}

Result<RecordingMaps> RecordingMaps::open(const std::string& pin_folder) {
  STAPD_ASSIGN(UniqueFd ring, open_pin(pin_folder + "/" + kRingPin));
  STAPD_ASSIGN(UniqueFd state, open_pin(pin_folder + "/" + kStatePin));
  return map(ring.get(), state.get());
}

}  // namespace stapd
