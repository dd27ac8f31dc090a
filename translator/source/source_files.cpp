#include "translator/source/source_files.h"

#include <fmt/core.h>

namespace stapd {

FileId SourceFiles::add(std::string name, std::string text, SourceOrigin origin) {
  const auto id = static_cast<FileId>(entries_.size());
  entries_.push_back({false, static_cast<uint32_t>(files_.size()), {}});
  files_.push_back({std::move(name), std::move(text), origin});
  ids_.push_back(id);
  return id;
}

FileId SourceFiles::add_expansion(FileId base, std::string_view name, SourceLocation used_at) {
  const auto id = static_cast<FileId>(entries_.size());
  entries_.push_back({true, index_of(base), {name, used_at}});
  return id;
}

FileId SourceFiles::file_of(FileId id) const { return ids_[index_of(id)]; }

std::string_view SourceFiles::line(SourceLocation where) const {
  std::string_view rest = text(where.file);
  for (uint32_t line = 1; line < where.line; ++line) {
    const size_t newline = rest.find('\n');
    if (newline == rest.npos) return {};
    rest.remove_prefix(newline + 1);
  }
  return rest.substr(0, rest.find('\n'));
}

std::vector<MacroUse> SourceFiles::macro_uses(SourceLocation where) const {
  std::vector<MacroUse> uses;
  while (entries_[where.file].is_expansion) {
    uses.push_back(entries_[where.file].use);
    where = uses.back().where;
  }
  return uses;
}

std::string SourceFiles::describe(SourceLocation where) const {
  return fmt::format("{}:{}:{}", name(where.file), where.line, where.column);
}

}  // namespace stapd
