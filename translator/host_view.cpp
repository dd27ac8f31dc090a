#include "translator/host_view.h"

#include <cstdlib>

#include "translator/constants/constants.h"

namespace stapd {
namespace {

ScriptFacts facts_of(const CompileOptions& options, const KernelInfo& kernel,
                     const arch::Machine& machine) {
  ScriptFacts facts;
  facts.kernel_release = kernel.release;
  facts.architecture = machine.systemtap_name;
  facts.runtime = "bpf";
  facts.privilege = options.privilege;
  if (!options.compatible.empty()) facts.language_version = options.compatible;
  facts.guru = options.guru;
  facts.config.insert(kernel.config.begin(), kernel.config.end());
  return facts;
}

probes::Privilege privilege_of(const std::string& name) {
  if (name == "stapusr") return probes::Privilege::user;
  if (name == "stapsys") return probes::Privilege::system;
  return probes::Privilege::developer;
}

PathContext paths_of(const CompileOptions& options) {
  const char* path = std::getenv("PATH");
  return {options.working_directory, path ? path : "/usr/bin:/bin"};
}

}  // namespace

HostView::HostView(const CompileOptions& compile_options, const KernelInfo& kernel_info,
                   const arch::Machine& host_machine)
    : options(compile_options),
      kernel(kernel_info),
      machine(host_machine),
      facts(facts_of(options, kernel, machine)),
      types(kernel.btf_path),
      tracepoints(types, kernel.tracefs_path),
      functions(types, {}) {}

probes::BuildContext HostView::build_context() {
  return {kernel,
          machine,
          types,
          tracepoints,
          functions,
          paths_of(options),
          options.target_pid,
          options.target_path,
          find_constant};
}

ElaborateOptions HostView::elaborate_options(const Limits& limits) const {
  return {options.globals,
          limits,
          privilege_of(options.privilege),
          options.guru,
          options.unoptimized,
          options.skip_badvars,
          options.tolerate_missing_probes};
}

std::string HostView::render(const Diagnostics& diagnostics, const SourceFiles& files) const {
  RenderOptions render;
  render.color = options.color;
  render.warnings = !options.suppress_warnings;
  render.warnings_are_errors = options.warnings_are_errors;
  return render_diagnostics(diagnostics, files, render);
}

CompileOutcome refuse_machine(const KernelInfo& kernel) {
  CompileOutcome outcome;
  outcome.diagnostics = "ERROR: programs cannot be made for " + kernel.machine + "\n";
  return outcome;
}

}  // namespace stapd
