// stapctl dump NAME: what the ring holds now, or the end of it.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "ctl/show/ledger_text.h"
#include "ctl/show/record_output.h"
#include "ctl/stapctl/verb.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

enum DumpOption { kLast = 1, kOutput, kStamps, kGlobals };
constexpr OptionSpec kOptions[] = {
    {kLast, 'n', "last", OptionSpec::Argument::required, "only the last 5s, 1min, 500ms"},
    {kOutput, 'o', "output", OptionSpec::Argument::required, "write to this file"},
    {kGlobals, 'g', "globals", OptionSpec::Argument::none,
     "not the records, but the values that the script's globals have now"},
    {kStamps, 't', "time", OptionSpec::Argument::none, "wall time and CPU before each line"},
};

constexpr size_t kWriteAt = 256 << 10;

// How many records were shown. The CPUs are copied one after the other: what is newer than the
// first copy would have holes.
Result<uint64_t> show(RingWindow& window, uint64_t now, RecordOutput& output, OutputQueue& queue) {
  uint64_t shown = 0;
  for (RingRecord record; window.next(record);) {
    if (record.time > now) continue;
    ++shown;
    output.show(record);
    if (queue.size() >= kWriteAt) STAPD_TRY(queue.write_all());
  }
  STAPD_TRY(queue.write_all());
  return shown;
}

// Of each CPU whose ring has not everything of the time that was asked for.
void print_gaps(RingWindow& window, uint64_t now) {
  std::vector<uint64_t> oldest(window.segments(), now);
  window.rewind();
  for (RingRecord record; window.next(record);)
    if (record.time && record.time < oldest[record.segment]) oldest[record.segment] = record.time;
  for (uint32_t segment = 0; segment < window.segments(); ++segment) {
    if (!window.ledger(segment).overwritten) continue;
    std::string where =
        segment + 1 == window.segments() ? "stapd's handlers" : fmt::format("CPU {}", segment);
    notice(fmt::format("the ring of {} reaches back {} only, older records are overwritten", where,
                       duration_text(now - oldest[segment])));
  }
}

// Of -o; without it none.
Result<UniqueFd> open_output(const Invocation& invocation) {
  UniqueFd file;
  std::optional<std::string> name = invocation.find(kOutput);
  if (!name) return file;
  file.reset(::open(name->c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666));
  if (!file.valid()) return fail_errno("opening " + *name, errno);
  return file;
}

VerbResult<int> dump_globals(const Invocation& invocation) {
  if (invocation.has(kLast) || invocation.has(kStamps))
    return usage_error("globals have no times: --globals goes with neither -n nor -t");
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::string path, client.find_session(invocation.operands()[0]));
  STAPD_ASSIGN(std::string text, client.globals(path));
  STAPD_ASSIGN(UniqueFd file, open_output(invocation));
  OutputQueue queue;
  queue.to(file.valid() ? file.get() : STDOUT_FILENO) = std::move(text);
  STAPD_TRY(queue.write_all());
  return 0;
}

VerbResult<int> dump(const Invocation& invocation) {
  if (invocation.has(kGlobals)) return dump_globals(invocation);
  uint64_t last = 0;
  if (auto text = invocation.find(kLast)) {
    STAPD_ASSIGN(last, time_argument(*text));
  }
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::unique_ptr<Recording> recording,
               open_session(client, invocation.operands()[0],
                            invocation.has(kLast) || invocation.has(kStamps)));

  ShowOptions options;
  options.stamps = invocation.has(kStamps);
  STAPD_ASSIGN(UniqueFd file, open_output(invocation));
  if (file.valid()) options.out = file.get();
  uint64_t now = read_boot_clock();
  bool all = !invocation.has(kLast);
  RingWindow window = recording->reader().take(all ? 0 : now - std::min(last, now - 1));
  OutputQueue queue;
  RecordOutput output(recording->image().formats, recording->segments(), queue, options);
  STAPD_ASSIGN(uint64_t shown, show(window, now, output, queue));
  if (output.unreadable())
    notice("left out, since they fit no format: " + counted(output.unreadable(), "record"));
  if (all) {
    notice(ledger_text(window.total()));
  } else {
    print_gaps(window, now);
    notice(fmt::format("{} of the last {}", counted(shown, "record"), duration_text(last)));
  }
  return 0;
}

}  // namespace

const Verb kDump = {"dump",
                    "NAME",
                    "print what was recorded; the recording goes on",
                    kOptions,
                    false,
                    1,
                    1,
                    AfterOperand::options_too,
                    dump};

}  // namespace stapd::ctl
