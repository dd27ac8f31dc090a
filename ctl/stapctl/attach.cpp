// stapctl attach NAME
#include "ctl/stapctl/attachment.h"
#include "ctl/stapctl/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

enum AttachOption { kHistory = 1, kStamps };
constexpr OptionSpec kOptions[] = {
    {kHistory, 'n', "last", OptionSpec::Argument::required,
     "begin with the last 5s, 1min; 0: with what is new; else with all there is"},
    {kStamps, 't', "time", OptionSpec::Argument::none, "wall time and CPU before each line"},
};

// ns of CLOCK_BOOTTIME at which the history begins, as RingFollower takes it.
VerbResult<uint64_t> history_start(const Invocation& invocation) {
  std::optional<std::string> text = invocation.find(kHistory);
  if (!text) return 0;
  STAPD_ASSIGN(uint64_t history, time_argument(*text));
  uint64_t now = read_boot_clock();
  return history == 0 ? UINT64_MAX : now - std::min(history, now - 1);
}

VerbResult<int> attach(const Invocation& invocation) {
  const std::string& name = invocation.operands()[0];
  STAPD_ASSIGN(uint64_t since, history_start(invocation));
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  bool with_times = invocation.has(kStamps) || (since != 0 && since != UINT64_MAX);
  STAPD_ASSIGN(std::unique_ptr<Recording> recording, open_session(client, name, with_times));
  ShowOptions show;
  show.stamps = invocation.has(kStamps);
  SessionWatch watch(name, invocation.root, std::move(client), recording->ring_id());
  STAPD_TRY(Attachment(name, *recording, since, show, watch).run());
  return 0;
}

}  // namespace

const Verb kAttach = {
    "attach",
    "NAME",
    "print what was recorded, then go on; ^C or ^\\ detaches, the recording goes on",
    kOptions,
    false,
    1,
    1,
    AfterOperand::options_too,
    attach};

}  // namespace stapd::ctl
