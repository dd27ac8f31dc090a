// stapctl status [NAME]
#include <cstdio>
#include <map>

#include "ctl/show/ledger_text.h"
#include "ctl/stapctl/session_names.h"
#include "ctl/stapctl/verb.h"
#include "ctl/stapctl/wall_text.h"
#include "runtime/base/clock.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

template <class... Args>
void line(const char* name, fmt::format_string<Args...> format, Args&&... args) {
  fmt::print("{:>11}: {}\n", name, fmt::format(format, std::forward<Args>(args)...));
}

std::string causes_text(const std::map<std::string, uint64_t>& causes) {
  std::string text;
  for (const auto& [cause, count] : causes)
    if (count) text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", count, cause);
  return text.empty() ? text : text + ")";
}

// "reaches back 12 s (at worst today 9 s), less than Keep=1min"
std::string reach_text(uint64_t reach, const SessionStatistics& statistics) {
  std::string text = "reaches back " + duration_text(reach);
  if (statistics.worst_depth_ns)
    text += fmt::format(" (at worst today {})", duration_text(statistics.worst_depth_ns));
  if (statistics.overwritten && reach < statistics.keep_ns)
    text += ", less than Keep=" + duration_text(statistics.keep_ns);
  return text;
}

void print_statistics(const SessionInfo& info, const SessionStatistics& statistics) {
  uint64_t reach = reach_ns(info, statistics);
  line("Ring", "{} KiB a CPU, {}", info.ring_bytes >> 10, reach_text(reach, statistics));
  if (statistics.earlier)
    line("Earlier", "{} from before it was restarted can be read, too",
         counted(statistics.earlier, "recording"));
  line("Records", "{}: {} kept, {} overwritten, {} dropped{}{}",
       statistics.produced + statistics.dropped, statistics.kept, statistics.overwritten,
       statistics.dropped, causes_text(statistics.dropped_by),
       statistics.in_flight ? fmt::format(", {} being written", statistics.in_flight) : "");
  if (statistics.skipped) line("Skipped", "{}", counted(statistics.skipped, "handler"));
  if (statistics.missed)
    line("Missed", "{} inside of handlers", counted(statistics.missed, "event"));
  if (statistics.errors) line("Errors", "{}", statistics.errors);
  if (statistics.adoptions)
    line("Adopted", "{}; no stapd looked after it for {} in all, {} the last time",
         counted(statistics.adoptions, "time"), duration_text(statistics.away_ns),
         duration_text(statistics.last_away_ns));
}

void print_files(const FileStatistics& files) {
  line("File", "{}, {} in all, {:.1f} MiB", files.path, counted(files.files, "file"),
       static_cast<double>(files.bytes) / (1 << 20));
  std::string lost;
  if (files.overwritten) lost += fmt::format(", {} overwritten in the ring", files.overwritten);
  if (files.unwritten) lost += fmt::format(", {} lost to the disk", files.unwritten);
  line("Written", "{}{}", counted(files.records, "record"), lost);
  if (!files.trouble.empty())
    line("Trouble", "{} ({} in all)", files.trouble, counted(files.failures, "failure"));
}

// What stap left has no profile; one that could not be read says neither script nor start.
void print_origin(const SessionInfo& info) {
  if (!info.profile.empty()) {
    const char* start = info.automatic ? " (starts with stapd)" : " (manual start)";
    line("Profile", "{}{}", info.profile, info.script.empty() ? "" : start);
  }
  if (!info.script.empty()) line("Script", "{}", info.script);
}

Status print_session(StapdClient& client, const std::string& name) {
  STAPD_ASSIGN(std::string path, find_session(client, name));
  STAPD_ASSIGN(SessionInfo info, client.session_info(path));
  line("Session", "{}{}{}", info.name, info.description.empty() ? "" : ": ", info.description);
  std::string since;
  if (info.started_us) since = ", started " + wall_text(info.started_us * 1000);
  line("State", "{}{}", info.state, since);
  print_origin(info);
  if (info.outdated)
    line("Changed", "profile or script are newer than what records: stapctl restart {}", name);
  // What never recorded, or failed to, has none.
  if (Result<SessionStatistics> statistics = client.statistics(path)) {
    print_statistics(info, *statistics);
    if (statistics->files) print_files(*statistics->files);
  }
  for (const std::string& text : {info.failure, info.warnings})
    if (!text.empty()) fmt::print("{}\n", text);
  return {};
}

Status print_daemon(StapdClient& client) {
  STAPD_ASSIGN(ManagerInfo manager, client.manager());
  STAPD_ASSIGN(std::vector<SessionEntry> sessions, client.list_sessions());
  std::map<std::string, size_t> states;
  for (const SessionEntry& session : sessions) ++states[session.state];
  std::string text = states.empty() ? "none" : "";
  for (const auto& [state, count] : states)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
  line("stapd", "{}, PID {}", manager.version, manager.pid);
  line("Sessions", "{}", text);
  for (const SessionEntry& session : sessions) {
    if (session.state != "failed") continue;
    STAPD_ASSIGN(SessionInfo info, client.session_info(session.path));
    line("Failed", "{}: {}", info.name, info.failure.substr(0, info.failure.find('\n')));
  }
  return {};
}

VerbResult<int> status(const Invocation& invocation) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  if (invocation.operands().empty())
    STAPD_TRY(print_daemon(client));
  else
    STAPD_TRY(print_session(client, invocation.operands()[0]));
  return 0;
}

}  // namespace

const Verb kStatus = {"status",
                      "[NAME]",
                      "all about a session, or about stapd itself",
                      {},
                      false,
                      0,
                      1,
                      AfterOperand::options_too,
                      status};

}  // namespace stapd::ctl
