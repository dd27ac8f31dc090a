#include "stapd/bus/bus_names.h"

#include <cstdlib>
#include <memory>

namespace stapd::bus {

std::string path_of(const Session& session) {
  char* path = nullptr;
  if (sd_bus_path_encode(kSessions, session.name().c_str(), &path) < 0) return kSessions;
  std::unique_ptr<char, void (*)(void*)> owner(path, std::free);
  return path;
}

std::string session_of(const char* path) {
  char* name = nullptr;
  if (sd_bus_path_decode(path, kSessions, &name) <= 0) return "";
  std::unique_ptr<char, void (*)(void*)> owner(name, std::free);
  return name;
}

const char* error_name(SessionFailure::Kind kind) {
  switch (kind) {
    case SessionFailure::Kind::profile:
      return kProfileError;
    case SessionFailure::Kind::script:
      return kScriptError;
    case SessionFailure::Kind::start:
    case SessionFailure::Kind::run:
      break;
  }
  return kStartFailed;
}

int set_error(sd_bus_error* error, const char* name, const std::string& message) {
  return sd_bus_error_set(error, name, message.c_str());
}

std::shared_ptr<sd_bus_message> keep(sd_bus_message* call) {
  return {sd_bus_message_ref(call), sd_bus_message_unref};
}

}  // namespace stapd::bus
