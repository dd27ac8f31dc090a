// stapctl start, restart, stop, reload
#include <cstdio>

#include "ctl/stapctl/verb.h"

namespace stapd::ctl {
namespace {

enum StopOption { kAll = 1 };
constexpr OptionSpec kStopOptions[] = {
    {kAll, 0, "all", OptionSpec::Argument::none, "every session"}};

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::puts(line.c_str());
}

template <Status (StapdClient::*Call)(const std::string&)>
VerbResult<int> each(const Invocation& invocation) {
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  for (const std::string& name : invocation.operands()) STAPD_TRY((client.*Call)(name));
  return 0;
}

VerbResult<int> stop(const Invocation& invocation) {
  bool all = invocation.has(kAll);
  if (all != invocation.operands().empty())
    return usage_error("'stop' needs the names of sessions, or --all");
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  for (const std::string& name : invocation.operands()) STAPD_TRY(client.stop(name));
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
                     each<&StapdClient::start>};
const Verb kRestart = {"restart",
                       "NAME...",
                       "record as the profile says now; what was recorded can still be read",
                       {},
                       false,
                       1,
                       Verb::kAnyNumber,
                       AfterOperand::options_too,
                       each<&StapdClient::restart>};
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
