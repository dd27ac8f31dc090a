#include "stapd/options.h"

#include <string_view>

namespace stapd {

std::string daemon_help() {
  return "Usage: stapd [OPTION...]\n"
         "Records what this host does, as tracing profiles (conf.d/NAME.conf) say. Stays in the\n"
         "foreground; SIGHUP reads the profiles again; SIGTERM ends it and leaves sessions "
         "recording,\n"
         "which the next stapd takes over. See stapctl(1).\n\n"
         "  --root=DIR                  every path below DIR, and pins of its own: an instance "
         "that\n"
         "                              meets no other; shipped profiles are not read\n"
         "  --bus=system|session|none   also serve this bus (default: none; the private socket\n"
         "                              /run/stapd/private always answers)\n"
         "  --help, --version\n";
}

Result<DaemonOptions> parse_daemon_options(int argc, char** argv) {
  DaemonOptions options;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    std::string_view name = word.substr(0, word.find('='));
    bool has_value = name.size() < word.size();
    std::string_view value = has_value ? word.substr(name.size() + 1) : std::string_view();
    if (name == "--root" || name == "--bus") {
      if (!has_value && i + 1 < argc) value = argv[++i];
      if (value.empty()) return failf(ErrorCode::invalid_argument, "{} wants a value", name);
    } else if (has_value) {
      return failf(ErrorCode::invalid_argument, "unknown option '{}'", word);
    }
    if (name == "--root") {
      options.root = value;
    } else if (name == "--bus") {
      if (value == "system")
        options.bus = bus::BusKind::system;
      else if (value == "session")
        options.bus = bus::BusKind::session;
      else if (value != "none")
        return failf(ErrorCode::invalid_argument, "--bus={}: system, session or none", value);
    } else if (name == "--help" || name == "-h") {
      options.help = true;
    } else if (name == "--version") {
      options.version = true;
    } else {
      return failf(ErrorCode::invalid_argument, "unknown {} '{}'",
                   word.starts_with('-') ? "option" : "argument", word);
    }
  }
  return options;
}

}  // namespace stapd
