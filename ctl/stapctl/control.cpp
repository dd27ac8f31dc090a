// stapctl start, restart, stop, reload
#include <cstdio>

#include "ctl/stapctl/session_names.h"
#include "ctl/stapctl/verb.h"

namespace stapd::ctl {
namespace {

enum StopOption { kAll = 1 };
constexpr OptionSpec kStopOptions[] = {
    {kAll, 0, "all", OptionSpec::Argument::none, "every session"}};

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::puts(line.c_str());
}

// One that cannot be had keeps none of the others from it.
Status call_each(StapdClient& client, Status (StapdClient::*call)(const std::string&),
                 const std::vector<std::string>& names) {
  Status status;
  for (const std::string& name : names) {
    Status done = (client.*call)(name);
    if (done) continue;
    if (!status) notice(status.error().message);
    status = tl::unexpected(with_likely_name(done.error(), client, name));
  }
  return status;
}

// What somebody who has started it should know, on stderr.
Status tell_about(StapdClient& client, const std::string& name) {
  STAPD_ASSIGN(std::string path, client.find_session(name));
  STAPD_ASSIGN(SessionInfo info, client.session_info(path));
  if (!info.warnings.empty()) std::fprintf(stderr, "%s\n", info.warnings.c_str());
  // What records already goes on as it is.
  if (info.outdated)
    notice(
        fmt::format("'{0}' records already, as its profile and script were before they were "
                    "changed: stapctl restart {0}",
                    name));
  return {};
}

template <Status (StapdClient::*Start)(const std::string&)>
VerbResult<int> start_each(const Invocation& invocation) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_TRY(call_each(client, Start, invocation.operands()));
  for (const std::string& name : invocation.operands()) STAPD_TRY(tell_about(client, name));
  return 0;
}

VerbResult<int> stop(const Invocation& invocation) {
  bool all = invocation.has(kAll);
  if (all != invocation.operands().empty())
    return usage_error("'stop' needs the names of sessions, or --all");
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_TRY(call_each(client, &StapdClient::stop, invocation.operands()));
  if (all) {
    STAPD_ASSIGN(std::vector<std::string> stopped, client.stop_all());
    print_lines(stopped);
  }
  return 0;
}

VerbResult<int> reload(const Invocation& invocation) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::vector<std::string> differences, client.reload());
  print_lines(differences);
  if (differences.empty()) std::puts("no profile has changed");
  return 0;
}

}  // namespace

const Verb kStart = {"start",
                     "NAME...",
                     "start recording",
                     {},
                     false,
                     1,
                     Verb::kAnyNumber,
                     AfterOperand::options_too,
                     start_each<&StapdClient::start>};
const Verb kRestart = {"restart",
                       "NAME...",
                       "record as the profile says now; what was recorded can still be read",
                       {},
                       false,
                       1,
                       Verb::kAnyNumber,
                       AfterOperand::options_too,
                       start_each<&StapdClient::restart>};
const Verb kStop = {"stop",
                    "NAME...|--all",
                    "end recording; what was recorded can be read until the next start",
                    kStopOptions,
                    false,
                    0,
                    Verb::kAnyNumber,
                    AfterOperand::options_too,
                    stop};
const Verb kReload = {"reload",
                      "",
                      "read the profiles again and say what changed",
                      {},
                      false,
                      0,
                      0,
                      AfterOperand::options_too,
                      reload};

}  // namespace stapd::ctl
