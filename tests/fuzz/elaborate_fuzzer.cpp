// Any bytes that parse through elaboration, without a tapset and without a kernel.
#include <cstdlib>

#include "tests/fuzz/fuzzed_script.h"
#include "tests/fuzz/fuzzer.h"
#include "translator/elaborate/elaborate.h"
#include "translator/elaborate/program_printer.h"
#include "translator/elaborate/refuse_unexecutable.h"
#include "translator/source/render_diagnostics.h"

using namespace stapd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::FuzzedScript fuzzed(data, size);
  if (!fuzzed.script) return 0;
  SourceFiles& files = fuzzed.files;
  Diagnostics& diagnostics = fuzzed.diagnostics;
  TapsetLibrary library(files, {}, fuzzed.facts, diagnostics);
  const KernelInfo kernel;
  const KernelLists lists;
  btf::Catalog types(kernel.btf_path);
  Tracepoints tracepoints(types, kernel.tracefs_path);
  KernelFunctions functions(types, lists);
  // A program that a script names is not looked for.
  probes::BuildContext host{kernel, arch::kX86_64, types, tracepoints, functions, {"/nowhere", ""}};
  ElaborateOptions elaborate_options;
  elaborate_options.guru = fuzzed.facts.guru;
  elaborate_options.unoptimized = size % 3 == 0;
  const std::vector<const ast::Script*> scripts = {&*fuzzed.script};
  const std::optional<sem::Program> program =
      elaborate({files, scripts, library, host, elaborate_options}, diagnostics);
  if (program.has_value() == diagnostics.has_errors()) std::abort();
  (void)render_diagnostics(diagnostics, files, {});
  if (!program) return 0;
  (void)refuse_unexecutable(*program, diagnostics);
  PrintProgramOptions print;
  print.bodies = true;
  (void)print_program(*program, print);
  return 0;
}
