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
  std::string pins = "/sys/fs/bpf/stapd";
  if (!root.empty()) {
    std::error_code error;
    std::filesystem::path whole = std::filesystem::canonical(root, error);
    if (error) return fail_errno("--root=" + root, error.value());
    if (!std::filesystem::is_directory(whole))
      return failf(ErrorCode::invalid_argument, "--root={}: not a folder", root);
    paths.root = whole == "/" ? "" : whole.string();
    pins += "-" + sha256_hex(whole.string()).substr(0, 12);
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
  paths.pin_folder = pins;
  return paths;
}

std::string Paths::session_pins(const std::string& session) const {
  return sessions_folder() + "/" + encode_pin_name(session);
}

std::string Paths::earlier_pins(const std::string& session, uint64_t started_boot) const {
  return fmt::format("{}{}{:016x}", session_pins(session), kEarlier, started_boot);
}

std::string encode_pin_name(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string decode_pin_name(const std::string& encoded) {
  std::string out;
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      out += encoded[i];
      continue;
    }
    if (i + 2 >= encoded.size()) return "";
    out += static_cast<char>(std::strtoul(encoded.substr(i + 1, 2).c_str(), nullptr, 16));
    i += 2;
  }
  return encode_pin_name(out) == encoded ? out : "";
}

std::string session_of_earlier_pins(const std::string& pin) {
  size_t at = pin.find(kEarlier);
  return at == std::string::npos ? "" : decode_pin_name(pin.substr(0, at));
}

}  // namespace stapd
