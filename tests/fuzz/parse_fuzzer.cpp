// Any bytes through the parser: a tree or an error, never both or neither; what is accepted can be
// printed.
#include <cstdlib>

#include "tests/fuzz/fuzzed_script.h"
#include "tests/fuzz/fuzzer.h"
#include "translator/ast/ast_printer.h"
#include "translator/source/render_diagnostics.h"

using namespace stapd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::FuzzedScript fuzzed(data, size);
  (void)render_diagnostics(fuzzed.diagnostics, fuzzed.files, {});
  if (fuzzed.script.has_value() == fuzzed.diagnostics.has_errors()) std::abort();
  if (fuzzed.script) (void)ast::print_script(*fuzzed.script, "fuzz.stp");
  return 0;
}
