// The tapset library: an index of what its files may define, and the files themselves, each parsed
// when it is first asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "translator/ast/ast.h"
#include "translator/source/source_files.h"
#include "translator/tapset/macro_library.h"
#include "translator/tapset/tapset_index.h"

namespace stapd {

class TapsetLibrary {
 public:
  // Reads and indexes every file of the folders, the first of a name winning.
  TapsetLibrary(SourceFiles& files, const std::vector<std::string>& paths, const ScriptFacts& facts,
                Diagnostics& diagnostics);
  TapsetLibrary(const TapsetLibrary&) = delete;
  TapsetLibrary& operator=(const TapsetLibrary&) = delete;

  const MacroTable& macros() const { return macros_.macros(); }

  // The files that may define the name, parsed. A file with faults is left out, and said once.
  std::vector<const ast::Script*> files_with_function(std::string_view name);
  std::vector<const ast::Script*> files_with_global(std::string_view name);

  // Every alias of the index, for the matching of probe points.
  struct Alias {
    const IndexedAlias* name;
    size_t file;
  };
  const std::vector<Alias>& aliases() const { return aliases_; }
  const ast::Script* parsed(size_t file);
  size_t file_count() const { return files_.size(); }

  // For "did you mean ...".
  std::vector<std::string> function_names() const;

 private:
  struct File {
    FileId id;
    TapsetFileIndex index;
    std::optional<std::optional<ast::Script>> script;  // once parsed; empty: it has faults
  };
  using Index = std::unordered_map<std::string_view, std::vector<size_t>>;  // name -> files

  void add(const std::string& path);
  std::vector<const ast::Script*> find(const Index& index, std::string_view name);

  SourceFiles& sources_;
  const ScriptFacts& facts_;
  Diagnostics& diagnostics_;
  MacroLibrary macros_;
  std::vector<std::unique_ptr<File>> files_;
  Index functions_, globals_;
  std::vector<Alias> aliases_;
};

}  // namespace stapd
