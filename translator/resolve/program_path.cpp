#include "translator/resolve/program_path.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>

#include "runtime/base/unique_fd.h"
#include "translator/resolve/elf_file.h"
#include "translator/resolve/glob.h"

namespace stapd {
namespace {

constexpr int kMostInterpreters = 4;     // a script for a script: as many as the kernel follows
constexpr size_t kMostScriptLine = 256;  // BINPRM_BUF_SIZE
constexpr size_t kMostMatches = 10'000;

bool is_regular(const std::string& path) {
  struct stat st = {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

std::string absolute(const std::string& name, const PathContext& context) {
  return name.starts_with('/') ? name : context.working_directory + "/" + name;
}

std::optional<std::string> search(const std::string& name, const std::string& search_path) {
  size_t start = 0;
  while (start <= search_path.size()) {
    size_t end = std::min(search_path.find(':', start), search_path.size());
    std::string path = search_path.substr(start, end - start) + "/" + name;
    if (end > start && is_regular(path) && ::access(path.c_str(), X_OK) == 0) return path;
    start = end + 1;
  }
  return std::nullopt;
}

Result<std::string> find_file(const std::string& name, const PathContext& context) {
  if (name.find('/') != std::string::npos) {
    std::string path = absolute(name, context);
    struct stat st = {};
    if (::stat(path.c_str(), &st) != 0) return fail_errno(name, errno);
    if (!S_ISREG(st.st_mode)) return failf(ErrorCode::invalid_argument, "{}: not a file", name);
    return path;
  }
  if (name.empty()) return fail(ErrorCode::invalid_argument, "the program has no name");
  if (auto path = search(name, context.search_path)) return *path;
  return failf(ErrorCode::not_found, "{}: no such program in {}", name,
               context.search_path.empty() ? "an empty $PATH" : context.search_path);
}

std::string canonical(const std::string& path) {
  std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? real.get() : path;
}

std::string_view next_word(std::string_view& line) {
  size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  size_t end = std::min(line.find_first_of(" \t", start), line.size());
  std::string_view word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

// The interpreter that the first line of a script names, or "".
std::string interpreter_of(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char start[kMostScriptLine];
  ssize_t size = fd.valid() ? ::read(fd.get(), start, sizeof start) : -1;
  std::string_view line(start, size > 0 ? static_cast<size_t>(size) : 0);
  if (!line.starts_with("#!")) return "";
  line.remove_prefix(2);
  line = line.substr(0, line.find('\n'));
  std::string_view program = next_word(line);
  if (program != "/usr/bin/env" && program != "/bin/env") return std::string(program);
  std::string_view word = next_word(line);
  while (word.starts_with('-')) word = next_word(line);  // env -S
  return std::string(word);
}

Result<std::string> resolve_one(const std::string& name, const PathContext& context) {
  STAPD_ASSIGN(std::string path, find_file(name, context));
  for (int i = 0; i < kMostInterpreters && !is_elf_file(path); ++i) {
    std::string interpreter = interpreter_of(path);
    if (interpreter.empty()) break;
    STAPD_ASSIGN(path, find_file(interpreter, context));
  }
  if (is_elf_file(path)) return canonical(path);
  return failf(ErrorCode::invalid_argument, "{}: neither an ELF program nor a script", name);
}

Result<std::vector<std::string>> expand(const std::string& pattern, const PathContext& context) {
  glob_t matches = {};
  int status = ::glob(absolute(pattern, context).c_str(), 0, nullptr, &matches);
  std::unique_ptr<glob_t, decltype(&::globfree)> owner(&matches, ::globfree);
  if (status == GLOB_NOSPACE || matches.gl_pathc > kMostMatches) {
    return failf(ErrorCode::limit, "{}: matches too many files", pattern);
  }
  std::vector<std::string> paths;
  for (size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) {
    std::string path = matches.gl_pathv[i];
    if (is_elf_file(path)) paths.push_back(canonical(path));
  }
  if (paths.empty()) return failf(ErrorCode::not_found, "{}: matches no program", pattern);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace

Result<std::vector<std::string>> resolve_program(const std::string& name,
                                                 const PathContext& context) {
  if (has_wildcard(name)) return expand(name, context);
  STAPD_ASSIGN(std::string path, resolve_one(name, context));
  return std::vector<std::string>{path};
}

}  // namespace stapd
