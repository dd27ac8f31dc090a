#include "runtime/recorder/running_processes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace stapd {
namespace {

std::optional<RunningProcess> read_process(const std::filesystem::path& folder, uint32_t pid) {
  RunningProcess process;
  std::ifstream comm(folder / "comm");
  if (!std::getline(comm, process.context.execname)) return std::nullopt;
  process.context.pid = process.context.tid = pid;
  struct stat status = {};
  if (stat(folder.c_str(), &status) == 0) {
    process.context.uid = status.st_uid;
    process.context.gid = status.st_gid;
  }
  if (stat((folder / "exe").c_str(), &status) == 0) {
    process.inode = status.st_ino;
    process.device = uint64_t{major(status.st_dev)} << 20 | minor(status.st_dev);
  }
  return process;
}

}  // namespace

std::vector<RunningProcess> list_processes() {
  std::vector<RunningProcess> processes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::string name = entry.path().filename();
    uint32_t pid = 0;
    auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc{} || end != name.data() + name.size()) continue;
    if (auto process = read_process(entry.path(), pid)) processes.push_back(std::move(*process));
  }
  std::sort(processes.begin(), processes.end(),
            [](const RunningProcess& a, const RunningProcess& b) {
              return a.context.pid < b.context.pid;
            });
  return processes;
}

}  // namespace stapd
