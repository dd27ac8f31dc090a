#include "translator/resolve/library_path.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "translator/resolve/file_bytes.h"
#include "translator/resolve/glob.h"
#include "translator/resolve/program_path.h"

namespace stapd {
namespace {

constexpr size_t kMostLibraries = 1000;
constexpr const char* kCache = "/etc/ld.so.cache";
constexpr const char* kDefaultFolders = "/lib64:/usr/lib64:/lib:/usr/lib";

std::string canonical(const std::string& path) {
  std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? real.get() : "";
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What the linker puts for $ORIGIN; its other tokens are not used by anybody.
std::string with_origin(std::string folder, const std::string& origin) {
  for (std::string_view token : {"${ORIGIN}", "$ORIGIN"}) {
    size_t at = folder.find(token);
    if (at != std::string::npos) folder.replace(at, token.size(), origin);
  }
  return folder;
}

// A library of the other machine in the way is passed over, as the linker does.
bool fits(const std::string& path, unsigned machine) {
  if (::access(path.c_str(), R_OK) != 0) return false;
  auto file = ElfFile::open(path);
  return file && file->machine() == machine;
}

class Linker {
 public:
  explicit Linker(unsigned machine) : machine_(machine) {
    auto bytes = FileBytes::read(kCache, 64u << 20);
    if (!bytes) return;
    for (auto& [name, path] : parse_linker_cache_untrusted(bytes->view(), machine)) {
      cache_.emplace(std::move(name), std::move(path));  // the first one stays
    }
  }

  // What `of`, which lies at `origin`, gets when it asks for `name`.
  std::optional<std::string> find(const std::string& name, const ElfFile::Dynamic& of,
                                  const std::string& origin) const {
    if (name.find('/') != std::string::npos) {
      return fits(name, machine_) ? std::optional(name) : std::nullopt;
    }
    if (of.runpath.empty()) {
      if (auto path = in_folders(name, of.rpath, origin)) return path;
    }
    if (auto path = in_folders(name, of.runpath, origin)) return path;
    auto cached = cache_.find(name);
    if (cached != cache_.end() && fits(cached->second, machine_)) return cached->second;
    return in_folders(name, kDefaultFolders, origin);
  }

 private:
  std::optional<std::string> in_folders(const std::string& name, const std::string& folders,
                                        const std::string& origin) const {
    for (size_t start = 0; start < folders.size();) {
      size_t end = std::min(folders.find(':', start), folders.size());
      std::string path = with_origin(folders.substr(start, end - start), origin) + "/" + name;
      if (end > start && fits(path, machine_)) return path;
      start = end + 1;
    }
    return std::nullopt;
  }

  unsigned machine_;
  std::unordered_map<std::string, std::string> cache_;
};

bool is_meant(const Library& library, const std::string& name) {
  return glob_matches(name, library.name) || glob_matches(name, library.path);
}

}  // namespace

std::vector<Library> needed_libraries(const ElfFile& program) {
  Linker linker(program.machine());
  std::vector<Library> found;
  std::set<std::string> seen;
  auto add = [&](const std::string& name, const std::string& path) {
    std::string real = canonical(path);
    if (!real.empty() && seen.insert(real).second) found.push_back({name, real});
  };
  auto add_needs = [&](const ElfFile& file) {
    ElfFile::Dynamic dynamic = file.dynamic();
    for (const std::string& name : dynamic.needed) {
      auto path = linker.find(name, dynamic, folder_of(file.path()));
      if (path) add(name, *path);
    }
  };
  add_needs(program);
  for (size_t next = 0; next < found.size() && found.size() < kMostLibraries; ++next) {
    auto library = ElfFile::open(found[next].path);
    if (library) add_needs(*library);
  }
  std::string interpreter = program.interpreter();
  if (!interpreter.empty()) add(interpreter.substr(interpreter.rfind('/') + 1), interpreter);
  return found;
}

Result<std::vector<std::string>> resolve_library(const ElfFile& program, const std::string& name,
                                                 const std::string& working_directory) {
  if (name.find('/') != std::string::npos) {
    return resolve_program(name, {working_directory, ""});
  }
  std::vector<std::string> paths;
  for (const Library& library : needed_libraries(program)) {
    if (is_meant(library, name)) paths.push_back(library.path);
  }
  if (paths.empty()) {
    return failf(ErrorCode::not_found, "{}: needs no library \"{}\"", program.path(), name);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace stapd
