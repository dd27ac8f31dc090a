// Any bytes through the lexer and the preprocessor.
#include "tests/fuzz/fuzzer.h"
#include "translator/lex/lexer.h"
#include "translator/lex/preprocessor.h"
#include "translator/source/render_diagnostics.h"

using namespace stapd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  SourceFiles files;
  Diagnostics diagnostics;
  const FileId file = files.add("fuzz.stp", std::string(reinterpret_cast<const char*>(data), size),
                                SourceOrigin::user);
  ScriptArguments arguments(std::vector<std::string>{"1", "a \"text\"", ""});
  LexOptions options;
  options.arguments = &arguments;
  const TokenBuffer raw = tokenize(files, file, options, diagnostics);
  ScriptFacts facts;
  facts.kernel_release = "6.1.0";
  facts.architecture = "x86_64";
  facts.config["CONFIG_SMP"] = "y";
  const MacroTable none;
  (void)preprocess(files, raw, none, facts, diagnostics);
  (void)render_diagnostics(diagnostics, files, {});
  return 0;
}
