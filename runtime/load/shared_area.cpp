#include "runtime/load/shared_area.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <cerrno>

#include "runtime/load/pins.h"

namespace stapd {

Result<SharedArea> SharedArea::create(const std::string& name, size_t bytes) {
  SharedArea area;
  area.size_ = bytes;
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = BPF_F_MMAPABLE;
  area.fd_.reset(bpf_map_create(BPF_MAP_TYPE_ARRAY, name.c_str(), 4, static_cast<uint32_t>(bytes),
                                1, &options));
  if (!area.fd_.valid()) return fail_errno("making map " + name, errno);
  STAPD_TRY(area.map_memory());
  return area;
}

Result<SharedArea> SharedArea::open(const std::string& pin) {
  SharedArea area;
  STAPD_ASSIGN(area.fd_, open_pin(pin));
  bpf_map_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(area.fd(), &info, &length) < 0) return fail_errno(pin, errno);
  if (info.type != BPF_MAP_TYPE_ARRAY || info.max_entries != 1)
    return failf(ErrorCode::corrupt, "{}: not the map that the session made", pin);
  area.size_ = info.value_size;
  STAPD_TRY(area.map_memory());
  return area;
}

Status SharedArea::map_memory() {
  void* data = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd(), 0);
  if (data == MAP_FAILED) return fail_errno("mapping a map of the session", errno);
  memory_ = MapMemory(data, size_);
  return {};
}

}  // namespace stapd
