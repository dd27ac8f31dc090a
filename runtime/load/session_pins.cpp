#include "runtime/load/session_pins.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/sha256.h"
#include "runtime/load/pins.h"

namespace stapd {
namespace {

constexpr char kWatch[] = "watch";

bool is_of_running(const std::string& pin) {
  return pin.starts_with("program") || pin.starts_with("link") || pin == kHolderWatch;
}

}  // namespace

std::string instance_pins(const std::string& root) {
  std::string pins = "/sys/fs/bpf/stapd";
  if (root.empty() || root == "/") return pins;
  return pins + "-" + sha256_hex(root).substr(0, 12);
}

Result<std::string> instance_pins_of(const std::string& root) {
  if (root.empty()) return instance_pins("");
  std::error_code error;
  std::filesystem::path whole = std::filesystem::canonical(root, error);
  if (error) return fail_errno("--root=" + root, error.value());
  if (!std::filesystem::is_directory(whole))
    return failf(ErrorCode::invalid_argument, "--root={}: not a folder", root);
  return instance_pins(whole.string());
}

std::string sessions_folder(const std::string& instance) { return instance + "/sessions"; }

std::string session_pins(const std::string& instance, const std::string& session) {
  return sessions_folder(instance) + "/" + encode_pin_name(session);
}

std::string stapd_watch(const std::string& instance) { return instance + "/" + kWatch; }

std::string holder_watch(const std::string& session_pins) {
  return session_pins + "/" + kHolderWatch;
}

Status remove_running_pins(const std::string& session_pins) {
  Status status;
  for (const std::string& pin : list_pins(session_pins)) {
    if (!is_of_running(pin)) continue;
    if (Status removed = remove_pin_folder(session_pins + "/" + pin); !removed) status = removed;
  }
  return status;
}

void remove_empty_instance(const std::string& session_pins) {
  std::filesystem::path sessions = std::filesystem::path(session_pins).parent_path();
  std::filesystem::path instance = sessions.parent_path();
  remove_empty_pin_folder(sessions.string());
  // Its stapd may have died: there is nothing left that it would have to be missed for.
  if (!std::filesystem::exists(sessions)) (void)remove_pin_folder(stapd_watch(instance.string()));
  remove_empty_pin_folder(instance.string());
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

}  // namespace stapd
