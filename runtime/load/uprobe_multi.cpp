#include "runtime/load/uprobe_multi.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace stapd {
namespace {

constexpr uint32_t kReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN

// The part of union bpf_attr that is for such links (include/uapi/linux/bpf.h).
struct LinkAttributes {
  uint32_t program, target, attach_type, flags;
  uint64_t path, offsets, reference_counters, cookies;
  uint32_t count, multi_flags, pid, pad;
};

}  // namespace

int create_uprobe_multi_link(int program, const UprobePlaces& places) {
  LinkAttributes link = {};
  link.program = static_cast<uint32_t>(program);
  link.attach_type = kTraceUprobeMulti;
  link.path = reinterpret_cast<uintptr_t>(places.path.c_str());
  link.offsets = reinterpret_cast<uintptr_t>(places.offsets.data());
  link.cookies = reinterpret_cast<uintptr_t>(places.cookies.data());
  link.count = static_cast<uint32_t>(places.offsets.size());
  link.multi_flags = places.at_return ? kReturn : 0;
  long fd = ::syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof link);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

}  // namespace stapd
