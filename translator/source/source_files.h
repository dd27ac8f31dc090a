// Owns the texts that are compiled. A FileId names a file, or one expansion of a macro: a place in
// an expansion is a place in the file that defines the macro, plus where the macro was used. So a
// SourceLocation alone tells the whole story.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "translator/source/location.h"

namespace stapd {

// Whose fault a fault is, and who may use what.
enum class SourceOrigin : uint8_t { user, tapset, synthetic };

// Use of a macro, as "operator '@name' at place".
struct MacroUse {
  std::string_view name;  // with its @
  SourceLocation where;
};

class SourceFiles {
 public:
  SourceFiles() = default;
  SourceFiles(const SourceFiles&) = delete;
  SourceFiles& operator=(const SourceFiles&) = delete;

  FileId add(std::string name, std::string text, SourceOrigin origin);
  // `base`: where the tokens come from, a file or again an expansion. `name` must live as long.
  FileId add_expansion(FileId base, std::string_view name, SourceLocation used_at);

  // The file behind an expansion; of a file, itself.
  FileId file_of(FileId id) const;
  const std::string& name(FileId id) const { return files_[index_of(id)].name; }
  std::string_view text(FileId id) const { return files_[index_of(id)].text; }
  SourceOrigin origin(FileId id) const { return files_[index_of(id)].origin; }
  // Without the newline; "" when there is no such line.
  std::string_view line(SourceLocation where) const;
  // The macros through which the token at `where` came, innermost first.
  std::vector<MacroUse> macro_uses(SourceLocation where) const;
  // "name:line:column"
  std::string describe(SourceLocation where) const;

 private:
  struct File {
    std::string name, text;
    SourceOrigin origin;
  };
  struct Entry {
    bool is_expansion;
    uint32_t file;  // index in files_ of the text
    MacroUse use;
  };
  uint32_t index_of(FileId id) const { return entries_[id].file; }

  std::deque<File> files_;      // addresses stay: tokens point into the texts
  std::vector<Entry> entries_;  // by FileId
  std::vector<FileId> ids_;     // index in files_ -> FileId
};

}  // namespace stapd
