#include "stapd/host/paths.h"

#include <cctype>
#include <filesystem>

#include "runtime/base/sha256.h"

namespace stapd {
namespace {

constexpr char kEarlier[] = "+earlier-";

}  // namespace

Result<Paths> Paths::of_root(const std::string& root) {
  Paths paths;
  if (!root.empty()) {
    std::error_code error;
    std::filesystem::path whole = std::filesystem::canonical(root, error);
    if (error) return fail_errno("--root=" + root, error.value());
    if (!std::filesystem::is_directory(whole))
      return failf(ErrorCode::invalid_argument, "--root={}: not a folder", root);
    paths.root = whole == "/" ? "" : whole.string();
  } else {
    paths.profile_folders.push_back(STAPD_LIBRARY_FOLDER "/conf.d");
    paths.script_folders.push_back(STAPD_LIBRARY_FOLDER "/script.d");
  }
  for (const char* folder : {"/run/stapd", "/etc/stapd"}) {
    paths.profile_folders.push_back(paths.root + folder + "/conf.d");
    paths.script_folders.insert(paths.script_folders.begin(), paths.root + folder + "/script.d");
  }
  paths.run_folder = paths.root + "/run/stapd";
  paths.private_socket = paths.run_folder + "/private";
  paths.lock = paths.run_folder + "/lock";
  paths.pin_folder = instance_pins(paths.root);
  return paths;
}

std::string Paths::session_pins(const std::string& session) const {
  return stapd::session_pins(pin_folder, session);
}

std::string Paths::sessions_folder() const { return stapd::sessions_folder(pin_folder); }

std::string Paths::earlier_pins(const std::string& session, uint64_t started_boot) const {
  return fmt::format("{}{}{:016x}", session_pins(session), kEarlier, started_boot);
}

std::string session_of_earlier_pins(const std::string& pin) {
  size_t at = pin.find(kEarlier);
  return at == std::string::npos ? "" : decode_pin_name(pin.substr(0, at));
}

}  // namespace stapd
