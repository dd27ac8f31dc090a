#include "ctl/stap/read_scripts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "runtime/base/unique_fd.h"

namespace stapd::ctl {
namespace {

// Far more than anybody writes; the translator has its own, lower limit and message.
constexpr size_t kMostBytes = 64 << 20;
// Where SystemTap's packages put theirs.
constexpr const char* kExampleFolders[] = {"/usr/share/systemtap/examples",
                                           "/usr/share/doc/systemtap-doc/examples"};

Result<std::string> read_all(int fd, const std::string& name) {
  std::string text;
  char part[1 << 16];
  for (;;) {
    ssize_t got = ::read(fd, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail_errno(fmt::format("Input file '{}' is missing or unreadable", name), errno);
    if (got == 0) return text;
    text.append(part, static_cast<size_t>(got));
    if (text.size() > kMostBytes)
      return failf(ErrorCode::limit, "Input file '{}' is larger than {} MiB", name,
                   kMostBytes >> 20);
  }
}

// "name" or "name.stp", anywhere below the folders of examples.
Result<std::string> find_example(const std::string& name) {
  std::error_code error;
  bool any_folder = false;
  for (const char* folder : kExampleFolders)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
      any_folder = true;
      const std::filesystem::path& path = entry.path();
      if (path.filename() == name || path.filename() == name + ".stp") return path.string();
    }
  if (!any_folder)
    return fail(ErrorCode::not_found,
                "there are no examples here: they come with the package systemtap-doc");
  return failf(ErrorCode::not_found, "there is no example '{}'", name);
}

}  // namespace

Status read_scripts(StapOptions& options) {
  CompileOptions& compile = options.compile;
  if (options.script_given) return {};
  if (options.example) {
    STAPD_ASSIGN(compile.script_name, find_example(compile.script_name));
  }
  std::string name = compile.script_name;
  UniqueFd file;
  int fd = STDIN_FILENO;
  if (name == "-") {
    compile.script_name = "<input>";
  } else {
    file.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid())
      return fail_errno(fmt::format("Input file '{}' is missing or unreadable", name), errno);
    fd = file.get();
  }
  STAPD_ASSIGN(compile.script_text, read_all(fd, name));
  return {};
}

}  // namespace stapd::ctl
