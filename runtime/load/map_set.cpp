#include "runtime/load/map_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <utility>

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

MapMemory::MapMemory(MapMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MapMemory& MapMemory::operator=(MapMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MapMemory::~MapMemory() {
  if (data_) munmap(data_, size_);
}

Result<uint32_t> kernel_map_id(int fd) {
  bpf_map_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0) return fail_errno("asking for a map", errno);
  return info.id;
}

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
  set.ring_shape_ = {segment_size, cpus + 1, 0};
  STAPD_TRY(set.map_memory(image));
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
    if (set.fds_.size() == kRingMap + 1) {
      uint32_t segment_size = info.value_size - segment_value_size(0);
      if (!std::has_single_bit(segment_size))
        return failf(ErrorCode::corrupt, "{}: not a ring", path);
      set.ring_shape_ = {segment_size, info.max_entries, 0};
    }
  }
  STAPD_TRY(set.map_memory(image));
  return set;
}

Status MapSet::map_memory(const ProgramImage& image) {
  auto map = [&](uint32_t index, size_t size, MapMemory& memory) -> Status {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size = (size + page - 1) / page * page;
    void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd(index), 0);
    if (data == MAP_FAILED) return fail_errno("mapping map " + image.maps[index].name, errno);
    memory = MapMemory(data, size);
    return {};
  };
  // The stride of a mmapable array is the value's size, 8-aligned; ours is whole pages.
  ring_shape_.stride = segment_value_size(ring_shape_.segment_size);
  STAPD_TRY(map(kRingMap, ring_shape_.stride * ring_shape_.segments, ring_));
  return map(kStateMap, image.maps[kStateMap].value_size, state_);
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
