#include "stapd/bus/manager_object.h"

#include <unistd.h>

#include "runtime/base/version.h"
#include "runtime/load/pins.h"

namespace stapd::bus {
namespace {

Manager& manager_of(void* userdata) { return *static_cast<Manager*>(userdata); }

int no_such_session(sd_bus_error* error, const std::string& name) {
  return set_error(error, kNoSuchSession, fmt::format("there is no session '{}'", name));
}

int list_sessions(sd_bus_message* call, void* userdata, sd_bus_error*) {
  sd_bus_message* reply = nullptr;
  if (int r = sd_bus_message_new_method_return(call, &reply); r < 0) return r;
  std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)> owner(reply,
                                                                              sd_bus_message_unref);
  if (int r = sd_bus_message_open_container(reply, 'a', "(soss)"); r < 0) return r;
  for (const auto& [name, session] : manager_of(userdata).sessions()) {
    int r =
        sd_bus_message_append(reply, "(soss)", name.c_str(), path_of(*session).c_str(),
                              name_of(session->state()), session->profile().description.c_str());
    if (r < 0) return r;
  }
  if (int r = sd_bus_message_close_container(reply); r < 0) return r;
  return sd_bus_send(nullptr, reply, nullptr);
}

int get_session(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  const char* name = nullptr;
  if (int r = sd_bus_message_read(call, "s", &name); r < 0) return r;
  const Session* session = manager_of(userdata).find(name);
  if (!session) return no_such_session(error, name);
  return sd_bus_reply_method_return(call, "o", path_of(*session).c_str());
}

constexpr StartCall kStarts = {&Manager::start, "start", true};
constexpr StartCall kRestarts = {&Manager::restart, "restart", true};

template <const StartCall& How>
int start_session(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  const char* name = nullptr;
  if (int r = sd_bus_message_read(call, "s", &name); r < 0) return r;
  return start_and_reply(manager_of(userdata), name, call, How, error);
}

int stop_session(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  const char* name = nullptr;
  if (int r = sd_bus_message_read(call, "s", &name); r < 0) return r;
  Manager& manager = manager_of(userdata);
  if (!manager.find(name)) return no_such_session(error, name);
  stop_and_reply(manager, name, call);
  return 1;
}

int reply_with_lines(sd_bus_message* call, const std::vector<std::string>& lines) {
  sd_bus_message* reply = nullptr;
  if (int r = sd_bus_message_new_method_return(call, &reply); r < 0) return r;
  std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)> owner(reply,
                                                                              sd_bus_message_unref);
  std::vector<char*> texts;
  for (const std::string& line : lines) texts.push_back(const_cast<char*>(line.c_str()));
  texts.push_back(nullptr);
  if (int r = sd_bus_message_append_strv(reply, texts.data()); r < 0) return r;
  return sd_bus_send(nullptr, reply, nullptr);
}

int stop_all(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  manager_of(userdata).note("", "asked to stop all sessions", caller_of(call));
  if (Status possible = check_bpffs_writable(); !possible)
    return sd_bus_error_set(error, kReadOnly, possible.error().message.c_str());
  auto reply = [call = keep(call)](const std::vector<std::string>& names,
                                   const std::optional<std::string>& failure) {
    if (failure)
      sd_bus_reply_method_errorf(call.get(), kFilesIncomplete, "%s", failure->c_str());
    else
      reply_with_lines(call.get(), names);
  };
  manager_of(userdata).stop_all(std::move(reply));
  return 1;
}

int reload(sd_bus_message* call, void* userdata, sd_bus_error*) {
  manager_of(userdata).note("", "asked to read the profiles", caller_of(call));
  return reply_with_lines(call, manager_of(userdata).reload());
}

int get_version(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                sd_bus_error*) {
  return sd_bus_message_append(reply, "s", kVersion);
}

int get_pid(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
            sd_bus_error*) {
  return sd_bus_message_append(reply, "u", static_cast<uint32_t>(getpid()));
}

// Who may call what is decided before (rights.h), not by sd-bus.
const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("ListSessions", "", "a(soss)", list_sessions, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("GetSession", "s", "o", get_session, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StartSession", "s", "o", start_session<kStarts>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("RestartSession", "s", "o", start_session<kRestarts>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopSession", "s", "", stop_session, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopAll", "", "as", stop_all, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Reload", "", "as", reload, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Pid", "u", get_pid, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END};

}  // namespace

int add_manager_object(sd_bus* bus, Manager& manager) {
  return sd_bus_add_object_vtable(bus, nullptr, kRoot, kManagerInterface, kVtable, &manager);
}

int start_and_reply(Manager& manager, const std::string& name, sd_bus_message* call,
                    const StartCall& how, sd_bus_error* error) {
  auto reply = [&manager, name, call = keep(call),
                with_path = how.with_path](const std::optional<SessionFailure>& failure) {
    const Session* session = manager.find(name);
    if (failure || !session)
      sd_bus_reply_method_errorf(call.get(), failure ? error_name(failure->kind) : kNoSuchSession,
                                 "%s", failure ? failure->message.c_str() : name.c_str());
    else if (with_path)
      sd_bus_reply_method_return(call.get(), "o", path_of(*session).c_str());
    else
      sd_bus_reply_method_return(call.get(), "");
  };
  Caller caller = caller_of(call);
  if (!(manager.*how.run)(name, std::move(reply))) return no_such_session(error, name);
  manager.note(name, fmt::format("asked to {}", how.verb), caller);
  return 1;
}

void stop_and_reply(Manager& manager, const std::string& name, sd_bus_message* call) {
  manager.note(name, "asked to stop", caller_of(call));
  if (Status possible = check_bpffs_writable(); !possible) {
    sd_bus_reply_method_errorf(call, kReadOnly, "%s", possible.error().message.c_str());
    return;
  }
  manager.stop(name, [call = keep(call)](const std::optional<std::string>& failure) {
    if (failure)
      sd_bus_reply_method_errorf(call.get(), kFilesIncomplete, "%s", failure->c_str());
    else
      sd_bus_reply_method_return(call.get(), "");
  });
}

}  // namespace stapd::bus
