// stapctl compile: what the translator makes of a script, phase by phase.
#include <cstdio>

#include "ctl/stap/read_scripts.h"
#include "ctl/stapctl/script_argument.h"
#include "ctl/stapctl/verb.h"

namespace stapd::ctl {
namespace {

struct Phase {
  const char* name;
  CompilePhase phase;
};

constexpr Phase kPhases[] = {{"parse", CompilePhase::parse},
                             {"elaborate", CompilePhase::elaborate},
                             {"lower", CompilePhase::lower},
                             {"place", CompilePhase::place},
                             {"generate", CompilePhase::generate}};

// Behind the numbers of stap's options.
enum CompileOption { kStopAfter = 1000 };
constexpr OptionSpec kOptions[] = {
    {kStopAfter, 0, "stop-after", OptionSpec::Argument::required,
     "parse, elaborate, lower, place (of calls and locks) or generate (BPF, the default)"}};

VerbResult<CompilePhase> find_phase(const std::string& name) {
  for (const Phase& phase : kPhases)
    if (phase.name == name) return phase.phase;
  return usage_error("there is no phase '{}': parse, elaborate, lower, place, generate", name);
}

VerbResult<int> compile(const Invocation& invocation) {
  STAPD_ASSIGN(CompilePhase phase, find_phase(invocation.find(kStopAfter).value_or("generate")));
  STAPD_ASSIGN(StapOptions options, from_caller(script_argument(invocation.line)));
  STAPD_TRY(read_scripts(options));
  STAPD_ASSIGN(std::optional<CompileOutcome> outcome, compile_script(options, phase));
  if (!outcome) return 1;
  std::fputs(outcome->product.c_str(), stdout);
  return 0;
}

}  // namespace

const Verb kCompile = {"compile",
                       "[STAP-OPTION...] SCRIPT [ARGUMENT...]",
                       "print what becomes of a script; stap's options of compiling go here, too",
                       kOptions,
                       true,
                       0,
                       Verb::kAnyNumber,
                       AfterOperand::operands_only,
                       compile};

}  // namespace stapd::ctl
