#include "stapd/host/trusted_path.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace stapd {
namespace {

namespace fs = std::filesystem;

// Who besides root can change it, or "".
std::string others_of(const struct stat& status) {
  // The link itself: only its folder says who may change it.
  if (S_ISLNK(status.st_mode)) return "";
  if (status.st_uid != 0) return fmt::format("user {}, who owns it", status.st_uid);
  // Who may put entries into a sticky folder may not touch those of root.
  if (S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX)) return "";
  if (status.st_mode & S_IWOTH) return "everybody";
  // An access list's mask is shown as the group's bits.
  if ((status.st_mode & S_IWGRP) && status.st_gid != 0)
    return fmt::format("group {}", status.st_gid);
  return "";
}

Status check_entry(const std::string& path, const fs::path& entry) {
  struct stat status = {};
  if (lstat(entry.c_str(), &status) != 0)
    return errno == ENOENT || errno == ENOTDIR ? Status{}
                                               : Status(fail_errno(entry.string(), errno));
  std::string others = others_of(status);
  if (others.empty()) return {};
  std::string what = entry == path ? "it" : entry.string();
  return failf(ErrorCode::permission_denied,
               "{}: {} can be changed by {}, and what it says runs in the kernel: "
               "`chown root:root {}` and `chmod go-w {}`",
               path, what, others, entry.string(), entry.string());
}

Status check_chain(const std::string& path, const fs::path& whole) {
  fs::path entry;
  for (const fs::path& part : whole) {
    entry /= part;
    STAPD_TRY(check_entry(path, entry));
  }
  return {};
}

}  // namespace

Status check_trusted(const std::string& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (error) return fail_errno(path, error.value());
  STAPD_TRY(check_chain(path, whole));
  fs::path real = fs::weakly_canonical(whole, error);
  if (error) return fail_errno(path, error.value());
  return real == whole ? Status{} : check_chain(path, real);
}

}  // namespace stapd
