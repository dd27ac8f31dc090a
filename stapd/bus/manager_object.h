// org.stapd.Stapd1.Manager
#pragma once

#include "stapd/bus/bus_names.h"
#include "stapd/session/manager.h"

namespace stapd::bus {

// Serves the manager on a connection. < 0: errno.
int add_manager_object(sd_bus* bus, Manager& manager);

// A method that starts or restarts a session.
struct StartCall {
  bool (Manager::*run)(const std::string& name, Session::Started done);
  const char* verb;  // for the log
  bool with_path;    // the reply is the session's path
};

// Answers `call` when that is decided.
int start_and_reply(Manager& manager, const std::string& name, sd_bus_message* call,
                    const StartCall& how, sd_bus_error* error);

}  // namespace stapd::bus
