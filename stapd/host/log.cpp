#define SD_JOURNAL_SUPPRESS_LOCATION
#include "stapd/host/log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace stapd {
namespace {

// systemd says which stream it connected; somebody may have redirected it since.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status;
  return stream && fstat(2, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

std::vector<std::string> journal_fields(const LogEntry& entry) {
  std::string message = "MESSAGE=";
  if (!entry.session.empty()) message += fmt::format("{}: ", entry.session);
  message += entry.text;
  if (entry.caller) message += text_of(*entry.caller);
  std::vector<std::string> fields = {message, fmt::format("PRIORITY={}", entry.priority)};
  if (!entry.session.empty()) fields.push_back(fmt::format("SESSION={}", entry.session));
  if (entry.id) fields.push_back(fmt::format("MESSAGE_ID={}", entry.id));
  if (entry.caller) {
    fields.push_back(fmt::format("CALLER_UID={}", entry.caller->user));
    fields.push_back(fmt::format("CALLER_PID={}", entry.caller->pid));
    fields.push_back(fmt::format("CALLER_COMM={}", entry.caller->command));
  }
  return fields;
}

}  // namespace

Log::Log() : to_journal_(stderr_is_journal()) {}

void Log::write(const LogEntry& entry) {
  if (!to_journal_) {
    std::string line = "stapd: ";
    if (!entry.session.empty()) fmt::format_to(std::back_inserter(line), "{}: ", entry.session);
    line += entry.text;
    if (entry.caller) line += text_of(*entry.caller);
    if (line.back() != '\n') line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
    return;
  }
  std::vector<std::string> fields = journal_fields(entry);
  std::vector<iovec> parts;
  for (std::string& field : fields) parts.push_back({field.data(), field.size()});
  sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace stapd
