// The command line of stapd.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "stapd/bus/bus_server.h"

namespace stapd {

struct DaemonOptions {
  std::string root;
  bus::BusKind bus = bus::BusKind::none;
  bool help = false, version = false;
};

Result<DaemonOptions> parse_daemon_options(int argc, char** argv);
std::string daemon_help();

}  // namespace stapd
