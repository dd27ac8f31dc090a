#include "ctl/staprun/staprun_main.h"

#include <unistd.h>

#include <cstdio>

#include "ctl/run/attach_session.h"
#include "ctl/run/exit_status.h"
#include "ctl/run/run_session.h"
#include "ctl/staprun/load_module.h"
#include "ctl/staprun/options.h"
#include "runtime/base/version.h"

namespace stapd::ctl {
namespace {

using Task = StaprunOptions::Task;

int usage_error(const std::string& message) {
  std::fprintf(stderr, "ERROR: %s\n%s", message.c_str(), staprun_help().c_str());
  return 1;
}

Result<int> load_and_run(StaprunOptions& options) {
  STAPD_ASSIGN(ModuleFile module, load_module(options.module, options.assignments));
  RunOptions& run = options.run;
  run.session_name = module.image.session_name;
  if (options.unique_name) run.session_name += fmt::format("_{}", getpid());
  if (module.bulk) {
    if (!run.output) run.output.emplace();
    run.output->bulk = true;
  }
  return run_session(run, std::make_shared<const ProgramImage>(std::move(module.image)));
}

Result<int> act(StaprunOptions& options) {
  if (geteuid() != 0) return fail(ErrorCode::permission_denied, "root is needed: try sudo staprun");
  options.run.session_name = options.module;
  switch (options.task) {
    case Task::attach:
      return attach_session(options.run);
    case Task::remove:
      STAPD_TRY(delete_session(options.run.root, options.module));
      return 0;
    default:
      return load_and_run(options);
  }
}

}  // namespace

int staprun_main(int argc, char** argv) {
  Result<StaprunOptions> options = read_staprun_options({argv + 1, argv + argc});
  if (!options) return usage_error(options.error().message);
  if (options->task == Task::help) {
    std::fputs(staprun_help().c_str(), stdout);
    return 0;
  }
  if (options->task == Task::version) {
    std::printf("staprun (stapd) %s: the SystemTap language on eBPF\n", kVersion);
    return 0;
  }
  for (const std::string& notice : options->notices)
    std::fprintf(stderr, "staprun: %s\n", notice.c_str());
  return exit_status(act(*options));
}

}  // namespace stapd::ctl
