#include "translator/tapset/tapset_library.h"

#include <algorithm>

#include "translator/parse/parse_file.h"
#include "translator/tapset/tapset_files.h"

namespace stapd {

TapsetLibrary::TapsetLibrary(SourceFiles& files, const std::vector<std::string>& paths,
                             const ScriptFacts& facts, Diagnostics& diagnostics)
    : sources_(files),
      facts_(facts),
      diagnostics_(diagnostics),
      macros_(files, paths, facts, diagnostics) {
  for (const std::string& path : list_tapset_files(paths, facts, ".stp")) add(path);
}

void TapsetLibrary::add(const std::string& path) {
  Result<std::string> text = read_source_text(path, kMaxSourceBytes);
  if (!text) {
    diagnostics_.add(DiagnosticKind::tapset_not_readable, {},
                     fmt::format("tapset \"{}\" cannot be read, and will be skipped: {}", path,
                                 text.error().message));
    return;
  }
  auto file = std::make_unique<File>();
  file->id = sources_.add(path, std::move(*text), SourceOrigin::tapset);
  file->index = index_tapset_text(sources_.text(file->id));
  const size_t number = files_.size();
  for (std::string_view name : file->index.functions) functions_[name].push_back(number);
  for (std::string_view name : file->index.globals) globals_[name].push_back(number);
  for (const IndexedAlias& alias : file->index.aliases) aliases_.push_back({&alias, number});
  files_.push_back(std::move(file));
}

const ast::Script* TapsetLibrary::parsed(size_t number) {
  File& file = *files_[number];
  if (!file.script) {
    ParseFileOptions options;
    options.macros = &macros();
    options.facts = &facts_;
    options.allow_empty = true;
    file.script = parse_file(sources_, file.id, options, diagnostics_);
  }
  return *file.script ? &**file.script : nullptr;
}

std::vector<const ast::Script*> TapsetLibrary::find(const Index& index, std::string_view name) {
  std::vector<const ast::Script*> found;
  const auto it = index.find(name);
  if (it == index.end()) return found;
  for (size_t number : it->second) {
    const ast::Script* script = parsed(number);
    if (script && std::ranges::find(found, script) == found.end()) found.push_back(script);
  }
  return found;
}

std::vector<const ast::Script*> TapsetLibrary::files_with_function(std::string_view name) {
  return find(functions_, name);
}

std::vector<const ast::Script*> TapsetLibrary::files_with_global(std::string_view name) {
  return find(globals_, name);
}

std::vector<std::string> TapsetLibrary::function_names() const {
  std::vector<std::string> names;
  for (const auto& [name, files] : functions_) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace stapd
