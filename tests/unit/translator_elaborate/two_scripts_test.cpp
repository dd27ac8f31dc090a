// Several scripts of the user make one program, as with `stap -E`.
#include <gtest/gtest.h>

#include "translator/elaborate/elaborate.h"
#include "translator/elaborate/program_printer.h"
#include "translator/parse/parse_file.h"
#include "translator/source/render_diagnostics.h"

namespace stapd {
namespace {

struct Outcome {
  std::string product, messages;
};

Outcome elaborated(const std::vector<std::string>& texts) {
  SourceFiles files;
  Diagnostics diagnostics;
  const ScriptFacts facts;
  const MacroTable no_macros;
  TapsetLibrary library(files, {}, facts, diagnostics);
  ParseFileOptions options;
  options.macros = &no_macros;
  options.facts = &facts;
  std::vector<ast::Script> parsed;
  for (const std::string& text : texts) {
    const FileId file =
        files.add("script" + std::to_string(parsed.size()), text, SourceOrigin::user);
    std::optional<ast::Script> script = parse_file(files, file, options, diagnostics);
    if (!script) return {"", render_diagnostics(diagnostics, files, {})};
    parsed.push_back(std::move(*script));
  }
  std::vector<const ast::Script*> scripts;
  for (const ast::Script& script : parsed) scripts.push_back(&script);
  const KernelInfo kernel;
  const KernelLists lists;
  btf::Catalog types(kernel.btf_path);
  Tracepoints tracepoints(types, kernel.tracefs_path);
  KernelFunctions functions(types, lists);
  probes::BuildContext host{kernel, arch::kX86_64, types, tracepoints, functions, {"/", ""}};
  const std::optional<sem::Program> program =
      elaborate({files, scripts, library, host, {}}, diagnostics);
  return {program ? print_program(*program, {}) : "", render_diagnostics(diagnostics, files, {})};
}

TEST(TwoScripts, ShareFunctionsAndGlobals) {
  const Outcome outcome = elaborated({"probe begin { count = next_count() println(count) }",
                                      "global last function next_count() { return ++last }"});
  EXPECT_EQ(outcome.messages, "");
  EXPECT_NE(outcome.product.find("last:long"), std::string::npos) << outcome.product;
}

TEST(TwoScripts, MeanTheSameByAGlobalThatBothDeclare) {
  const Outcome outcome = elaborated({"global last = 3 probe begin { last++ println(last) }",
                                      "global last = 5 probe end { last = 2 println(last) }"});
  EXPECT_EQ(outcome.messages, "");
  EXPECT_NE(outcome.product.find("# globals\nlast:long\n# probes\n"), std::string::npos)
      << outcome.product;
}

TEST(TwoScripts, MayHavePrivateGlobalsOfOneName) {
  const Outcome outcome =
      elaborated({"private global last probe begin { last = 1 println(last) }",
                  "private global last probe end { last = \"x\" println(last) }"});
  EXPECT_EQ(outcome.messages, "");
}

}  // namespace
}  // namespace stapd
