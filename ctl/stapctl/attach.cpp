// stapctl attach NAME...
#include <algorithm>

#include "ctl/stapctl/attachment.h"

namespace stapd::ctl {
namespace {

// ns of CLOCK_BOOTTIME at which the history begins, as RingFollower takes it.
uint64_t history_start(const ReadingOptions& options, const ClockReading& now) {
  return options.last ? now.boot - std::min(*options.last, now.boot - 1) : options.range.start(now);
}

VerbResult<int> attach(const Invocation& invocation) {
  STAPD_ASSIGN(ReadingOptions options, reading_options(invocation));
  uint64_t since = history_start(options, read_clocks());
  if (options.last == 0u) {
    since = UINT64_MAX;
    options.last.reset();  // no times are needed for what is new
  }
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(ReadSessions sessions, open_sessions(client, invocation.operands()));
  std::vector<const ReadSchema*> schemas = schemas_of(sessions);
  STAPD_ASSIGN(std::unique_ptr<RecordShow> show, RecordShow::open(options, schemas));
  Attachment::Sessions attached;
  for (const auto& session : sessions) {
    STAPD_ASSIGN(std::unique_ptr<AttachedSession> one,
                 AttachedSession::open(*session, invocation.root, since));
    attached.push_back(std::move(one));
  }
  STAPD_TRY(Attachment(std::move(attached), options.range, *show).run());
  return 0;
}

}  // namespace

const Verb kAttach = {
    "attach",
    "NAME...",
    "print what was recorded, then go on; ^C or ^\\ detaches, the recording goes on",
    {},
    false,
    1,
    Verb::kAnyNumber,
    AfterOperand::options_too,
    attach,
    reading_option_specs()};

}  // namespace stapd::ctl
