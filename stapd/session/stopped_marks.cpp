#include "stapd/session/stopped_marks.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "runtime/load/session_pins.h"

namespace stapd {
namespace {

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string this_boot() { return first_line_of("/proc/sys/kernel/random/boot_id"); }

}  // namespace

std::string StoppedMarks::path_of(const std::string& session) const {
  return folder_ + "/" + encode_pin_name(session);
}

Status StoppedMarks::write(const std::string& session) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  std::ofstream file(path_of(session));
  file << this_boot() << "\n";
  if (!file.flush()) return fail_errno("noting that it was stopped: " + path_of(session), errno);
  return {};
}

Status StoppedMarks::add(const std::string& session) {
  known_.insert(session);
  return write(session);
}

void StoppedMarks::remove(const std::string& session) {
  known_.erase(session);
  std::error_code ignored;
  std::filesystem::remove(path_of(session), ignored);
}

bool StoppedMarks::has(const std::string& session) {
  if (first_line_of(path_of(session)) == this_boot()) known_.insert(session);
  return known_.contains(session);
}

Status StoppedMarks::add_again() {
  for (const std::string& session : known_) STAPD_TRY(write(session));
  return {};
}

}  // namespace stapd
