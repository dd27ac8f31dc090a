#include "translator/tapset/tapset_index.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "translator/parse/parse_file.h"
#include "translator/tapset/macro_library.h"
#include "translator/tapset/tapset_files.h"

namespace stapd {
namespace {

using Names = std::set<std::string>;

std::string joined(const std::vector<std::string_view>& components) {
  std::string name;
  for (std::string_view component : components)
    name.append(name.empty() ? "" : ".").append(component);
  return name;
}

Names names_of(const TapsetFileIndex& index) {
  Names names;
  for (std::string_view name : index.functions) names.insert("function " + std::string(name));
  for (std::string_view name : index.globals) names.insert("global " + std::string(name));
  for (const IndexedAlias& alias : index.aliases) names.insert("probe " + joined(alias.components));
  return names;
}

Names names_of(const ast::Script& script) {
  Names names;
  for (const ast::FunctionDecl* f : script.functions)
    if (!f->is_private) names.insert("function " + std::string(f->name));
  for (const ast::GlobalDecl* g : script.globals)
    if (!g->is_private) names.insert("global " + std::string(g->name));
  for (const ast::AliasDecl* alias : script.aliases)
    for (const ast::ProbePoint* point : alias->names) {
      std::vector<std::string_view> components;
      for (const ast::ProbePointComponent& c : point->components) components.push_back(c.name);
      names.insert("probe " + joined(components));
    }
  return names;
}

TEST(TapsetIndex, FindsWhatStandsBetweenEverythingElse) {
  Names names = names_of(index_tapset_text(R"(
# function no1() {}
// function no2() {}
/* global no3 */ %{ function no4() %}
global a, b[100] = 7, c%; global d = "global no5 \" {"
private global no6 private no7 private function no8() { return "}" }
global e
function f:long (x:string) { if (x == "{") { global_x = 1 } }
%( kernel_v >= "4.0" %? function g() { } %: function h() %{ { %} %)
probe p.q = kernel.function("x{").call ?, kernel.{function("y"),trace("z")} { z = 1 }
probe p.r(number) = r2 += timer.s(1) if (a == 2) { }
probe begin { function_no9 = 1 }
@define m %( function i() { } %)
)"));
  EXPECT_EQ(names,
            (Names{"function f", "function g", "function h", "function i", "global a", "global b",
                   "global c", "global d", "global e", "probe p.q", "probe p.r", "probe r2"}));
}

TEST(TapsetIndex, UnfinishedTextEnds) {
  for (const char* text : {"", "function", "global a,", "probe a.b = ", "probe {", "private", "/*",
                           "%{", "\"x", "\"x\\", "{", "function f() { \"", "global a ="})
    index_tapset_text(text);
}

// Every name that the parser finds in the folder's files is in the index; without conditionals and
// macros nothing else is.
void check_folder(const std::string& folder) {
  std::vector<std::string> folders = {folder};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_directory()) folders.push_back(entry.path());
  ScriptFacts facts;
  SourceFiles sources;
  Diagnostics diagnostics;
  MacroLibrary macros(sources, folders, facts, diagnostics);
  size_t files = 0;
  for (const std::string& path : list_tapset_files(folders, facts, ".stp")) {
    Result<std::string> text = read_source_text(path, kMaxSourceBytes);
    ASSERT_TRUE(text) << text.error().message;
    bool is_plain = text->find("%(") == text->npos && text->find('@') == text->npos;
    FileId id = sources.add(path, *text, SourceOrigin::tapset);
    ParseFileOptions options;
    options.macros = &macros.macros();
    options.facts = &facts;
    options.allow_empty = true;
    std::optional<ast::Script> script = parse_file(sources, id, options, diagnostics);
    if (!script) continue;
    Names parsed = names_of(*script), indexed = names_of(index_tapset_text(sources.text(id)));
    for (const std::string& name : parsed) EXPECT_TRUE(indexed.contains(name)) << path << name;
    if (is_plain) {
      EXPECT_EQ(indexed, parsed) << path;
    }
    ++files;
  }
  EXPECT_GT(files, 5u);
}

TEST(TapsetIndex, OfOurLibrary) { check_folder(STAPD_SOURCE_DIR "/tapsets"); }

TEST(TapsetIndex, OfSystemTapsLibrary) {
  if (!std::filesystem::exists("/usr/share/systemtap/tapset"))
    GTEST_SKIP() << "systemtap-common is not installed";
  check_folder("/usr/share/systemtap/tapset");
}

}  // namespace
}  // namespace stapd
