#include "runtime/load/pins.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace stapd {
namespace {

constexpr const char* kBpffs = "/sys/fs/bpf";

bool is_bpffs(const char* path) {
  struct statfs info;
  return statfs(path, &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

}  // namespace

Status ensure_bpffs() {
  if (is_bpffs(kBpffs)) return {};
  if (mount("bpf", kBpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
    return fail_errno("mounting bpffs on /sys/fs/bpf", errno);
  return {};
}

Status check_bpffs_writable() {
  struct statvfs info;
  if (statvfs(kBpffs, &info) < 0 || !(info.f_flag & ST_RDONLY)) return {};
  return failf(ErrorCode::permission_denied,
               "{0} is mounted read-only, so that sessions can neither start nor end; "
               "try `mount -o remount,rw {0}`",
               kBpffs);
}

Status pin_object(int fd, const std::string& path) {
  if (bpf_obj_pin(fd, path.c_str()) < 0) return fail_errno("pinning " + path, errno);
  return {};
}

Result<UniqueFd> open_pin(const std::string& path) {
  int fd = bpf_obj_get(path.c_str());
  if (fd < 0) return fail_errno(path, errno);
  return UniqueFd(fd);
}

Status make_pin_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_errno("making " + folder, error.value());
  chmod(folder.c_str(), 0700);
  return {};
}

Status remove_pin_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) return fail_errno("removing " + folder, error.value());
  return {};
}

Status discard_pin_folder(const std::string& folder) {
  std::string nameless = folder + "+old";
  STAPD_TRY(remove_pin_folder(nameless));
  if (std::rename(folder.c_str(), nameless.c_str()) != 0 && errno != ENOENT)
    return fail_errno("removing " + folder, errno);
  return remove_pin_folder(nameless);
}

Status rename_pin_folder(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    return fail_errno("renaming " + from + " to " + to, errno);
  return {};
}

void remove_empty_pin_folder(const std::string& folder) { (void)rmdir(folder.c_str()); }

std::vector<std::string> list_pins(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace stapd
