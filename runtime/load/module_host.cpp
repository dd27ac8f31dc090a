#include "runtime/load/module_host.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>

#include "runtime/base/sha256.h"

namespace stapd {
namespace {

constexpr char kKernelTypes[] = "/sys/kernel/btf/vmlinux";

std::string running_release() {
  utsname host{};
  uname(&host);
  return host.release;
}

// The release alone would do, if nobody built kernels with equal ones.
Result<std::string> hash_of_types() {
  std::ifstream file(kKernelTypes, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) return fail_errno(kKernelTypes, ENOENT);
  return sha256_hex(bytes.str());
}

Result<ModuleFile::ProbedFile> look_at(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return fail_errno(path, errno);
  return ModuleFile::ProbedFile{path, static_cast<uint64_t>(file.st_size),
                                static_cast<uint64_t>(file.st_mtim.tv_sec) * 1'000'000'000 +
                                    static_cast<uint64_t>(file.st_mtim.tv_nsec)};
}

}  // namespace

Result<ModuleFile> make_module(ProgramImage image, bool bulk) {
  ModuleFile module;
  module.kernel_release = running_release();
  STAPD_ASSIGN(module.kernel_types, hash_of_types());
  std::set<std::string> paths;
  for (const ProbeSpec& probe : image.probes)
    if (!probe.path.empty()) paths.insert(probe.path);
  for (const std::string& path : paths) {
    STAPD_ASSIGN(ModuleFile::ProbedFile file, look_at(path));
    module.files.push_back(std::move(file));
  }
  module.bulk = bulk;
  module.image = std::move(image);
  return module;
}

Status check_module_fits(const ModuleFile& module) {
  STAPD_ASSIGN(std::string types, hash_of_types());
  if (module.kernel_release != running_release() || module.kernel_types != types)
    return failf(ErrorCode::unsupported,
                 "it was compiled for kernel {}, and this is {}: compile it here, by stap -p4 -m "
                 "NAME",
                 module.kernel_release, running_release());
  for (const ModuleFile::ProbedFile& then : module.files) {
    STAPD_ASSIGN(ModuleFile::ProbedFile now, look_at(then.path));
    if (now.size != then.size || now.modified_ns != then.modified_ns)
      return failf(ErrorCode::unsupported,
                   "{} has changed since this was compiled: compile it again, by stap -p4 -m NAME",
                   then.path);
  }
  return {};
}

}  // namespace stapd
