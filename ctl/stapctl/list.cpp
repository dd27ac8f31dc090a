// stapctl list
#include <algorithm>
#include <cstdio>

#include "ctl/stapctl/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

using Row = std::vector<std::string>;

// Over what the ring holds, so what it is now rather than since the start.
std::string rate_text(const SessionStatistics& statistics) {
  uint64_t now = read_boot_clock();
  if (!statistics.kept || !statistics.oldest_ns || statistics.oldest_ns >= now) return "-";
  double seconds = static_cast<double>(now - statistics.oldest_ns) / 1e9;
  double rate = static_cast<double>(statistics.kept) / seconds;
  return rate < 100 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate);
}

struct Line {
  Row row;
  bool has_file_trouble = false;
};

Result<Line> describe(StapdClient& client, const SessionEntry& session) {
  STAPD_ASSIGN(SessionInfo info, client.session_info(session.path));
  Line line{{session.name, session.state}};
  Row& row = line.row;
  Result<SessionStatistics> statistics = client.statistics(session.path);
  if (statistics) {
    row.push_back(std::to_string(statistics->produced));
    row.push_back(session.state == "recording" ? rate_text(*statistics) : "-");
    row.push_back(duration_text(reach_ns(info, *statistics)));
    row.push_back(std::to_string(statistics->lost()));
    line.has_file_trouble = statistics->files && !statistics->files->trouble.empty();
  } else {
    row.insert(row.end(), {"-", "-", "-", "-"});
  }
  row.push_back(info.script);
  return line;
}

// The last column is as long as it wants to be.
void print_table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const Row& row : rows)
    for (size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    std::puts(line.c_str());
  }
}

VerbResult<int> list(const Invocation& invocation) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::vector<SessionEntry> sessions, client.list_sessions());
  std::vector<Row> rows = {{"SESSION", "STATE", "RECORDS", "/S", "HOLDS", "LOST", "SCRIPT"}};
  std::vector<std::string> troubles;
  for (const SessionEntry& session : sessions) {
    Result<Line> line = describe(client, session);
    // A reload may have removed it since.
    if (!line && line.error().code == ErrorCode::not_found) continue;
    if (!line) return tl::unexpected(line.error());
    rows.push_back(std::move(line->row));
    const char* trouble = session.state == "failed" ? "has failed"
                          : line->has_file_trouble  ? "cannot write its files"
                                                    : nullptr;
    if (trouble)
      troubles.push_back(fmt::format("{0} {1}; why: stapctl status {0}", session.name, trouble));
  }
  print_table(rows);
  std::fflush(stdout);
  for (const std::string& trouble : troubles) notice(trouble);
  if (sessions.empty())
    std::fprintf(stderr,
                 "no sessions: put a profile into %s/etc/stapd/conf.d, then: stapctl reload\n",
                 invocation.root.value_or("").c_str());
  return 0;
}

}  // namespace

const Verb kList = {"list",
                    "",
                    "sessions, what they recorded and how far back it reaches",
                    {},
                    false,
                    0,
                    0,
                    AfterOperand::options_too,
                    list};

}  // namespace stapd::ctl
