#include "ctl/staprun/load_module.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "runtime/load/module_host.h"

namespace stapd::ctl {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::string> find_module(const std::string& name) {
  if (name.find('/') != std::string::npos || exists(name)) return name;
  utsname host{};
  uname(&host);
  std::string path = fmt::format("/lib/modules/{}/systemtap/{}", host.release, name);
  if (!path.ends_with(kModuleSuffix)) path += kModuleSuffix;
  if (!exists(path))
    return failf(ErrorCode::not_found, "there is neither a file '{}' nor {}", name, path);
  return path;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno(path, errno);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) return fail_errno(path, EIO);
  return bytes.str();
}

Status assign(ProgramImage& image, const std::string& assignment) {
  size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    return failf(ErrorCode::invalid_argument, "'{}' is not GLOBAL=VALUE", assignment);
  return assign_global(image, assignment.substr(0, equals), assignment.substr(equals + 1));
}

}  // namespace

Result<ModuleFile> load_module(const std::string& name,
                               const std::vector<std::string>& assignments) {
  STAPD_ASSIGN(std::string path, find_module(name));
  STAPD_ASSIGN(std::string bytes, read_file(path));
  Result<ModuleFile> module = decode_module_untrusted(bytes);
  if (!module) return in_context(path, module.error());
  if (Status fits = check_module_fits(*module); !fits) return in_context(path, fits.error());
  for (const std::string& assignment : assignments) STAPD_TRY(assign(module->image, assignment));
  return module;
}

}  // namespace stapd::ctl
