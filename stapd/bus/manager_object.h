// org.stapd.Stapd1.Manager
#pragma once

#include "stapd/bus/bus_names.h"
#include "stapd/session/manager.h"

namespace stapd::bus {

// Serves the manager on a connection. < 0: errno.
int add_manager_object(sd_bus* bus, Manager& manager);

// Starts a session and answers `call` when that is decided, with the session's path or, when
// `with_path` is false, with nothing.
int start_and_reply(Manager& manager, const std::string& name, sd_bus_message* call, bool with_path,
                    sd_bus_error* error);

// Stops a session that is there and answers `call` when its files, if it has any, are whole.
void stop_and_reply(Manager& manager, const std::string& name, sd_bus_message* call);

}  // namespace stapd::bus
