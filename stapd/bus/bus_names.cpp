#include "stapd/bus/bus_names.h"

#include <cstdlib>
#include <fstream>
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

// The command is what the process calls itself now: good enough for people, and for nothing else.
std::string caller_of(sd_bus_message* call) {
  sd_bus_creds* creds = nullptr;
  if (sd_bus_query_sender_creds(call, SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID, &creds) < 0)
    return "somebody";
  std::unique_ptr<sd_bus_creds, sd_bus_creds* (*)(sd_bus_creds*)> owner(creds, sd_bus_creds_unref);
  pid_t pid = 0;
  uid_t user = 0;
  sd_bus_creds_get_pid(creds, &pid);
  std::string command;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)) >> std::ws, command);
  std::string text = fmt::format("{}[{}]", command, pid);
  if (sd_bus_creds_get_euid(creds, &user) >= 0) text += fmt::format(", user {}", user);
  return text;
}

std::shared_ptr<sd_bus_message> keep(sd_bus_message* call) {
  return {sd_bus_message_ref(call), sd_bus_message_unref};
}

}  // namespace stapd::bus
