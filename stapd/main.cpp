#include <cstdio>

#include "runtime/base/version.h"
#include "stapd/daemon.h"

int main(int argc, char** argv) {
  using namespace stapd;
  Result<DaemonOptions> options = parse_daemon_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "stapd: %s\nTry 'stapd --help'.\n", options.error().message.c_str());
    return 2;
  }
  if (options->help) {
    std::fputs(daemon_help().c_str(), stdout);
    return 0;
  }
  if (options->version) {
    std::printf("stapd %s\n", kVersion);
    return 0;
  }
  Log log;
  Status status = run_daemon(*options, log);
  if (status) return 0;
  log.write({LOG_ERR, status.error().message});
  return 1;
}
