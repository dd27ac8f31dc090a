#include "runtime/filing/find_files.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace stapd {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t in_ns(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

// Whether strftime() makes `name` of `format` at some time.
bool is_made_by(const std::string& name, const std::string& format) {
  if (format.find('%') == std::string::npos) return name == format;
  tm time{};
  time.tm_mday = 1;
  const char* rest = strptime(name.c_str(), format.c_str(), &time);
  if (!rest || *rest) return false;
  time.tm_isdst = -1;
  tm whole = time;
  // What the name does not say, as the day of the week, follows from what it says.
  if (mktime(&whole) == -1) whole = time;
  char again[NAME_MAX + 1];
  size_t size = strftime(again, sizeof again, format.c_str(), &whole);
  return name == std::string_view(again, size);
}

// The number of a file named so, if it is one of ours.
std::optional<uint32_t> number_of(const std::string& name, const std::string& format) {
  if (is_made_by(name, format)) return 0;
  size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot + 1 == name.size()) return std::nullopt;
  uint32_t number = 0;
  const char* end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + dot + 1, end, number);
  // As we write it: without zeros before it.
  if (error != std::errc{} || rest != end || name.substr(dot + 1) != std::to_string(number))
    return std::nullopt;
  if (!is_made_by(name.substr(0, dot), format)) return std::nullopt;
  return number;
}

}  // namespace

std::vector<RotatedFile> find_rotated_files(const std::string& path) {
  std::vector<RotatedFile> files;
  std::string folder = fs::path(path).parent_path(), format = fs::path(path).filename();
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::optional<uint32_t> number = number_of(entry->path().filename(), format);
    struct stat status {};
    if (!number || ::lstat(entry->path().c_str(), &status) < 0 || !S_ISREG(status.st_mode))
      continue;
    uint64_t changed = in_ns(status.st_mtim);
    files.push_back(
        {*number, entry->path(), changed, changed, static_cast<uint64_t>(status.st_size)});
  }
  std::sort(files.begin(), files.end(), [](const RotatedFile& a, const RotatedFile& b) {
    return a.number != b.number ? a.number < b.number : a.closed < b.closed;
  });
  return files;
}

}  // namespace stapd
