#include "ctl/stap/stap_main.h"

#include <unistd.h>

#include <cstdio>

#include "ctl/stap/options.h"
#include "ctl/stap/run_session.h"
#include "translator/host/compile_here.h"

namespace stapd::ctl {
namespace {

int usage_error(const std::string& message) {
  std::fprintf(stderr, "stap: %s\nTry 'stap --help' for more information.\n", message.c_str());
  return 1;
}

CompilePhase phase_of(int pass) {
  switch (pass) {
    case 1:
      return CompilePhase::parse;
    case 2:
      return CompilePhase::elaborate;
    case 3:
      return CompilePhase::lower;
    default:
      return CompilePhase::generate;
  }
}

Result<int> run(StapOptions& options) {
  STAPD_TRY(read_scripts(options));
  if (options.command || options.target) options.compile.target_pid = options.target.value_or(0);
  STAPD_ASSIGN(CompileOutcome outcome, compile_here(options.compile, phase_of(options.last_pass)));
  std::fputs(outcome.diagnostics.c_str(), stderr);
  if (!outcome.ok) return 1;
  if (options.last_pass < 5) {
    std::fputs(outcome.product.c_str(), stdout);
    return 0;
  }
  return run_session(options, std::make_shared<const ProgramImage>(std::move(*outcome.image)));
}

}  // namespace

int stap_main(int argc, char** argv) {
  Result<StapOptions> options = parse_stap_options({argv + 1, argv + argc});
  if (!options) return usage_error(options.error().message);
  if (options->help) {
    std::fputs(stap_help().c_str(), stdout);
    return 0;
  }
  if (options->version) {
    std::puts("stap (stapd) " STAPD_VERSION ": the SystemTap language on eBPF");
    return 0;
  }
  for (const std::string& notice : options->notices)
    std::fprintf(stderr, "stap: %s\n", notice.c_str());
  Result<int> status = run(*options);
  if (!status) {
    std::fprintf(stderr, "ERROR: %s\n", status.error().message.c_str());
    return 1;
  }
  return *status;
}

}  // namespace stapd::ctl
