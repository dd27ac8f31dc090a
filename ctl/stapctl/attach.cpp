// stapctl attach NAME...
#include <algorithm>
#include <set>

#include "ctl/stapctl/attachment.h"
#include "ctl/stapctl/session_names.h"

namespace stapd::ctl {
namespace {

enum AttachOption { kWait = 1 };
constexpr OptionSpec kOptions[] = {
    {kWait, 'W', "wait", OptionSpec::Argument::none,
     "wait for the session to be started, and again when it has ended"},
};

// ns of CLOCK_BOOTTIME at which the history begins, as RingFollower takes it.
uint64_t history_start(ReadingOptions& options, const ClockReading& now) {
  if (options.last == 0u) {
    options.last.reset();  // no times are needed for what is new
    return UINT64_MAX;
  }
  return options.last ? now.boot - std::min(*options.last, now.boot - 1) : options.range.start(now);
}

struct Attached {
  std::string name;
  ReadSessions rings;
};

// Of one that never ran there are none yet, which is an error unless somebody waits for it.
Result<std::vector<Attached>> open_attached(StapdClient& client,
                                            const std::vector<std::string>& names, bool wait) {
  std::vector<Attached> all;
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (!known.insert(name).second) continue;
    STAPD_TRY(find_session(client, name));
    Result<ReadSessions> rings = open_rings(client, name);
    bool never_ran = !rings && rings.error().code == ErrorCode::not_found;
    if (!rings && !(never_ran && wait)) return tl::unexpected(rings.error());
    all.push_back({name, rings ? std::move(*rings) : ReadSessions()});
  }
  return all;
}

VerbResult<int> attach(const Invocation& invocation) {
  STAPD_ASSIGN(ReadingOptions options, reading_options(invocation));
  AttachOptions how;
  how.root = invocation.root;
  how.wait = invocation.has(kWait);
  how.since = history_start(options, read_clocks());
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::vector<Attached> all, open_attached(client, invocation.operands(), how.wait));
  options.several = all.size() > 1;
  std::vector<const ReadSchema*> schemas;
  for (const Attached& one : all)
    for (const auto& ring : one.rings) schemas.push_back(&ring->schema());
  STAPD_ASSIGN(std::unique_ptr<RecordShow> show, RecordShow::open(options, schemas));
  Attachment attachment(options.range, *show);
  size_t first = 0;
  for (Attached& one : all) {
    size_t rings = one.rings.size();
    STAPD_TRY(attachment.add(one.name, std::move(one.rings), first, how));
    first += rings;
  }
  STAPD_TRY(attachment.run());
  return 0;
}

}  // namespace

const Verb kAttach = {
    "attach",
    "NAME...",
    "print what was recorded, then go on; ^C or ^\\ detaches, the recording goes on",
    kOptions,
    false,
    1,
    Verb::kAnyNumber,
    AfterOperand::options_too,
    attach,
    reading_option_specs()};

}  // namespace stapd::ctl
