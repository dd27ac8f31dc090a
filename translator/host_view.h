// What the translator knows of a host while it works for one script: facts, types and names, opened
// when they are first needed. Compiling and listing look through it.
#pragma once

#include "translator/compile.h"
#include "translator/elaborate/options.h"
#include "translator/lex/script_facts.h"
#include "translator/probes/probe_builder.h"
#include "translator/source/render_diagnostics.h"

namespace stapd {

struct HostView {
  // Borrows everything.
  HostView(const CompileOptions& compile_options, const KernelInfo& kernel_info,
           const arch::Machine& host_machine);

  probes::BuildContext build_context();
  ElaborateOptions elaborate_options(const Limits& limits) const;
  std::string render(const Diagnostics& diagnostics, const SourceFiles& files) const;

  const CompileOptions& options;
  const KernelInfo& kernel;
  const arch::Machine& machine;
  ScriptFacts facts;
  btf::Catalog types;
  Tracepoints tracepoints;
  KernelFunctions functions;
};

// Of a kernel for whose machine there is no arch::Machine.
CompileOutcome refuse_machine(const KernelInfo& kernel);

}  // namespace stapd
