#include "ctl/stap/stap_main.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <new>
#include <optional>

#include "ctl/run/exit_status.h"
#include "ctl/run/run_session.h"
#include "ctl/stap/compile_limits.h"
#include "ctl/stap/options.h"
#include "ctl/stap/print_passes.h"
#include "ctl/stap/read_scripts.h"
#include "runtime/base/sha256.h"
#include "runtime/base/version.h"
#include "runtime/load/module_host.h"
#include "runtime/load/uprobe_head_start.h"
#include "translator/host/compile_here.h"

namespace stapd::ctl {
namespace {

int usage_error(const std::string& message) {
  std::fprintf(stderr, "stap: %s\nTry 'stap --help' for more information.\n", message.c_str());
  return 1;
}

Result<StapOptions> read_options(const std::vector<std::string>& words) {
  STAPD_ASSIGN(CommandLine line,
               parse_command_line(stap_option_specs(), words, AfterOperand::operands_only));
  return read_stap_options(std::move(line));
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

Result<CompileOutcome> compile_script(const StapOptions& options) {
  STAPD_ASSIGN(CompileLimits limits, CompileLimits::set(options));
  return compile_here(options.compile, phase_of(options.last_pass));
}

Inventory inventory_of(const StapOptions& options) {
  switch (options.dump) {
    case StapOptions::Dump::probe_types:
      return Inventory::probe_types;
    case StapOptions::Dump::probe_aliases:
      return Inventory::aliases;
    case StapOptions::Dump::functions:
      return Inventory::functions;
    case StapOptions::Dump::none:
      break;
  }
  return options.list_variables ? Inventory::points_with_variables : Inventory::points;
}

// -l, -L and the --dump- options: 1 when there is nothing to list.
Result<int> list(StapOptions& options) {
  if (options.list) options.compile.script_text = "probe " + *options.list + " {}";
  STAPD_ASSIGN(CompileOutcome outcome, inventory_here(options.compile, inventory_of(options)));
  std::fputs(outcome.diagnostics.c_str(), stderr);
  std::fputs(outcome.product.c_str(), stdout);
  return outcome.ok ? 0 : 1;
}

// As SystemTap's: a hash of the script, and who we are.
std::string generated_name(const std::string& script_text) {
  return fmt::format("stap_{}_{}", sha256_hex(script_text).substr(0, 32), getpid());
}

// Without "process" and "function" in its text, no script does.
bool may_probe_programs(const CompileOptions& options) {
  return options.script_text.find("process") != std::string::npos &&
         options.script_text.find("function") != std::string::npos;
}

// -p4 -m NAME: what staprun loads, in this folder.
Result<int> leave_module(const StapOptions& options, ProgramImage image) {
  bool bulk = options.run.output && options.run.output->bulk;
  STAPD_ASSIGN(ModuleFile module, make_module(std::move(image), bulk));
  std::string path = options.run.session_name + kModuleSuffix;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << encode_module(module);
  file.close();
  if (!file) return fail_errno("writing " + path, errno);
  std::puts(path.c_str());
  return 0;
}

Result<int> run(StapOptions& options) {
  options.compile.color = options.color_always || (!options.color_never && isatty(STDERR_FILENO));
  if (options.list || options.dump != StapOptions::Dump::none) return list(options);
  STAPD_TRY(read_scripts(options));
  if (!options.module_named) options.run.session_name = generated_name(options.compile.script_text);
  options.compile.session_name = options.run.session_name;
  if (options.run.target) options.compile.target_pid = *options.run.target;
  std::optional<UprobeHeadStart> head_start;
  if (options.last_pass == 5 && may_probe_programs(options.compile)) head_start.emplace();
  STAPD_ASSIGN(CompileOutcome outcome, compile_script(options));
  std::fputs(outcome.diagnostics.c_str(), stderr);
  print_passes(outcome.passes, options);
  if (!outcome.ok) return 1;
  if (options.last_pass == 4 && options.module_named)
    return leave_module(options, std::move(*outcome.image));
  if (options.last_pass < 5) {
    std::fputs(outcome.product.c_str(), stdout);
    return 0;
  }
  options.run.verbose = options.verbosity + options.pass_verbosity[4] > 0;
  options.run.suppress_warnings = options.compile.suppress_warnings;
  return run_session(options.run, std::make_shared<const ProgramImage>(std::move(*outcome.image)));
}

// The translator's memory may be limited by --rlimit-as.
Result<int> run_within_memory(StapOptions& options) {
  try {
    return run(options);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::limit, "there is not enough memory to compile this script");
  }
}

}  // namespace

int stap_main(int argc, char** argv) {
  Result<StapOptions> options = read_options({argv + 1, argv + argc});
  if (!options) return usage_error(options.error().message);
  if (options->help) {
    std::fputs(stap_help().c_str(), stdout);
    return 0;
  }
  if (options->version) {
    std::printf("stap (stapd) %s: the SystemTap language on eBPF\n", kVersion);
    return 0;
  }
  for (const std::string& notice : options->notices)
    std::fprintf(stderr, "stap: %s\n", notice.c_str());
  return exit_status(run_within_memory(*options));
}

}  // namespace stapd::ctl
