#include "translator/tapset/tapset_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "runtime/base/unique_fd.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

// The parts of a tapset folder for this kernel, the most special first.
std::vector<std::string> parts(const ScriptFacts& facts) {
  std::vector<std::string> bases = {"linux"};
  for (std::string release = facts.kernel_release; !release.empty();) {
    bases.push_back(release);
    const size_t cut = release.find_last_of(".-");
    if (cut == release.npos || release.find('.') == release.npos) break;
    release.resize(cut);
  }
  std::vector<std::string> all;
  for (const std::string& base : bases) {
    all.push_back(base + "/" + facts.architecture);
    all.push_back(base);
  }
  all.push_back(facts.architecture);
  all.emplace_back();
  return all;
}

std::vector<std::string> files_in(const fs::path& folder, std::string_view extension) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == extension) files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<std::string> list_tapset_files(const std::vector<std::string>& paths,
                                           const ScriptFacts& facts, std::string_view extension) {
  std::vector<std::string> files;
  std::set<std::string> seen_names;
  std::set<std::pair<dev_t, ino_t>> seen_inodes;
  for (const std::string& path : paths) {
    for (const std::string& part : parts(facts)) {
      const fs::path folder = part.empty() ? fs::path(path) : fs::path(path) / part;
      for (std::string& file : files_in(folder, extension)) {
        struct stat status;
        if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (!seen_names.insert(file.substr(path.size())).second) continue;
        if (!seen_inodes.insert({status.st_dev, status.st_ino}).second) continue;
        files.push_back(std::move(file));
      }
    }
  }
  return files;
}

Result<std::string> read_source_text(const std::string& path, size_t most) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno(path, errno);
  std::string text;
  for (char buffer[1 << 16];;) {
    const ssize_t count = read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(path, errno);
    if (count == 0) return text;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > most)
      return failf(ErrorCode::limit, "{}: more than {} MiB", path, most >> 20);
  }
}

}  // namespace stapd
