#include "ctl/stapctl/script_argument.h"

#include <cstdio>

#include "translator/host/compile_here.h"

namespace stapd::ctl {

Result<StapOptions> script_argument(const CommandLine& line) {
  std::span<const OptionSpec> specs = stap_option_specs();
  CommandLine own = {{}, line.operands};
  for (const GivenOption& given : line.options)
    if (given.spec >= &specs.front() && given.spec <= &specs.back()) own.options.push_back(given);
  STAPD_ASSIGN(StapOptions options, read_stap_options(std::move(own)));
  if (!options.compiles_only())
    return fail(ErrorCode::invalid_argument, "of stap's options only those of compiling go here");
  return options;
}

Result<std::optional<CompileOutcome>> compile_script(const StapOptions& options,
                                                     CompilePhase last) {
  STAPD_ASSIGN(CompileOutcome outcome, compile_here(options.compile, last));
  std::fputs(outcome.diagnostics.c_str(), stderr);
  if (!outcome.ok) return std::nullopt;
  return outcome;
}

}  // namespace stapd::ctl
