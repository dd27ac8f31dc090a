#include "runtime/load/map_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <bit>
#include <cerrno>

#include "runtime/record/record_layout.h"

namespace stapd {
namespace {

bpf_map_type kernel_type(MapSpec::Type type) {
  switch (type) {
    case MapSpec::Type::hash:
      return BPF_MAP_TYPE_HASH;
    case MapSpec::Type::percpu_hash:
      return BPF_MAP_TYPE_PERCPU_HASH;
    case MapSpec::Type::array:
      return BPF_MAP_TYPE_ARRAY;
    case MapSpec::Type::percpu_array:
      return BPF_MAP_TYPE_PERCPU_ARRAY;
    case MapSpec::Type::ring_buffer:
      return BPF_MAP_TYPE_RINGBUF;
    case MapSpec::Type::program_array:
      return BPF_MAP_TYPE_PROG_ARRAY;
  }
  return BPF_MAP_TYPE_UNSPEC;
}

// The sizes of ring and scratch depend on where the image is loaded.
MapSpec completed(const MapSpec& spec, size_t index, uint32_t segment_size, uint32_t cpus) {
  MapSpec result = spec;
  if (index == kRingMap) {
    result.value_size = segment_value_size(segment_size);
    result.max_entries = cpus + 1;
  } else if (index == kScratchMap) {
    result.max_entries = kScratchLevels * (cpus + 1);
  }
  return result;
}

Result<UniqueFd> create_map(const MapSpec& spec) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  if (spec.mmapable) options.map_flags |= BPF_F_MMAPABLE;
  bool ring_buffer = spec.type == MapSpec::Type::ring_buffer;
  int fd =
      bpf_map_create(kernel_type(spec.type), spec.name.c_str(), ring_buffer ? 0 : spec.key_size,
                     ring_buffer ? 0 : spec.value_size, spec.max_entries, &options);
  if (fd < 0) {
    double megabytes = double(spec.value_size + spec.key_size) * spec.max_entries / (1 << 20);
    return fail_errno(fmt::format("making map {} ({:.1f} MB)", spec.name, megabytes), -fd);
  }
  return UniqueFd(fd);
}

std::string pin_path(const std::string& folder, const MapSpec& spec) {
  return folder + "/" + spec.name;
}

}  // namespace

Result<uint32_t> possible_cpus() {
  int count = libbpf_num_possible_cpus();
  if (count <= 0) return fail_errno("counting the possible CPUs", -count);
  return static_cast<uint32_t>(count);
}

Result<MapSet> MapSet::create(const ProgramImage& image, uint32_t segment_size) {
  if (!std::has_single_bit(segment_size) || segment_size < kMinSegmentSize ||
      segment_size > kMaxSegmentSize)
    return failf(ErrorCode::invalid_argument,
                 "a ring of {} bytes a CPU: from {} to {}, a power of two", segment_size,
                 kMinSegmentSize, kMaxSegmentSize);
  STAPD_ASSIGN(uint32_t cpus, possible_cpus());
  MapSet set;
  for (size_t i = 0; i < image.maps.size(); ++i) {
    STAPD_ASSIGN(UniqueFd fd, create_map(completed(image.maps[i], i, segment_size, cpus)));
    set.fds_.push_back(std::move(fd));
  }
  uint32_t zero = 0;
  std::string data = image.data;
  data.resize(image.maps[kDataMap].value_size);
  if (int error = bpf_map_update_elem(set.fd(kDataMap), &zero, data.data(), 0); error < 0)
    return fail_errno("filling the data map", -error);
  STAPD_ASSIGN(set.recording_, RecordingMaps::map(set.fd(kRingMap), set.fd(kStateMap)));
  return set;
}

Result<MapSet> MapSet::open(const ProgramImage& image, const std::string& folder) {
  MapSet set;
  for (const MapSpec& spec : image.maps) {
    std::string path = pin_path(folder, spec);
    int fd = bpf_obj_get(path.c_str());
    if (fd < 0) return fail_errno(path, errno);
    set.fds_.emplace_back(fd);
    bpf_map_info info = {};
    uint32_t length = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0) return fail_errno(path, errno);
    if (info.type != kernel_type(spec.type))
      return failf(ErrorCode::corrupt, "{}: not the map that the session made", path);
  }
  STAPD_ASSIGN(set.recording_, RecordingMaps::map(set.fd(kRingMap), set.fd(kStateMap)));
  return set;
}

Status MapSet::pin(const std::string& folder) const {
  for (const UniqueFd& map : fds_) {
    bpf_map_info info = {};
    uint32_t length = sizeof info;
    if (bpf_obj_get_info_by_fd(map.get(), &info, &length) < 0) return fail_errno("map", errno);
    std::string path = folder + "/" + info.name;
    if (bpf_obj_pin(map.get(), path.c_str()) < 0) return fail_errno("pinning " + path, errno);
  }
  return {};
}

}  // namespace stapd
