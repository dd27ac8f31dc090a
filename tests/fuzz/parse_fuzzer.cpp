// Any bytes through the parser; what it accepts and prints, it must accept again.
#include <cstdlib>

#include "tests/fuzz/fuzzer.h"
#include "translator/ast/ast_printer.h"
#include "translator/parse/parse_file.h"
#include "translator/source/render_diagnostics.h"

using namespace stapd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  SourceFiles files;
  Diagnostics diagnostics;
  const FileId file = files.add("fuzz.stp", std::string(reinterpret_cast<const char*>(data), size),
                                SourceOrigin::user);
  ScriptArguments arguments(std::vector<std::string>{"1", "text"});
  ScriptFacts facts;
  facts.architecture = "x86_64";
  facts.guru = size % 2 == 0;
  const MacroTable none;
  ParseFileOptions options;
  options.arguments = &arguments;
  options.macros = &none;
  options.facts = &facts;
  const std::optional<ast::Script> script = parse_file(files, file, options, diagnostics);
  (void)render_diagnostics(diagnostics, files, {});
  if (script.has_value() == diagnostics.has_errors()) std::abort();
  if (script) (void)ast::print_script(*script, "fuzz.stp");
  return 0;
}
