// Names of the bus interface: docs/dbus.md
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <string>

#include "stapd/bus/rights.h"
#include "stapd/session/session.h"

namespace stapd::bus {

inline constexpr char kName[] = "org.stapd.Stapd1";
inline constexpr char kRoot[] = "/org/stapd/Stapd1";
inline constexpr char kSessions[] = "/org/stapd/Stapd1/session";
inline constexpr char kManagerInterface[] = "org.stapd.Stapd1.Manager";
inline constexpr char kSessionInterface[] = "org.stapd.Stapd1.Session";

inline constexpr char kNoSuchSession[] = "org.stapd.Stapd1.Error.NoSuchSession";
inline constexpr char kScriptError[] = "org.stapd.Stapd1.Error.ScriptError";
inline constexpr char kProfileError[] = "org.stapd.Stapd1.Error.ProfileError";
inline constexpr char kNotRecording[] = "org.stapd.Stapd1.Error.NotRecording";
inline constexpr char kFilesIncomplete[] = "org.stapd.Stapd1.Error.FilesIncomplete";
inline constexpr char kReadOnly[] = "org.stapd.Stapd1.Error.ReadOnly";
inline constexpr char kStartFailed[] = "org.stapd.Stapd1.Error.StartFailed";

std::string path_of(const Session& session);
// Name of the session that the path is of, or "".
std::string session_of(const char* path);

const char* error_name(SessionFailure::Kind kind);
int set_error(sd_bus_error* error, const char* name, const std::string& message);
// One more owner of a call that is answered later.
std::shared_ptr<sd_bus_message> keep(sd_bus_message* call);

}  // namespace stapd::bus
