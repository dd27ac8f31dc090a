// org.stapd.Stapd1.Session
#pragma once

#include "stapd/bus/bus_names.h"
#include "stapd/session/manager.h"

namespace stapd::bus {

// Serves every session on a connection. < 0: errno.
int add_session_objects(sd_bus* bus, Manager& manager);

}  // namespace stapd::bus
