// stapctl dump NAME...: what the rings hold now, or a part of it.
#include <unistd.h>

#include "ctl/show/ledger_text.h"
#include "ctl/show/progress.h"
#include "ctl/stapctl/read_session.h"
#include "ctl/stapctl/record_show.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

enum DumpOption { kGlobals = 1 };
constexpr OptionSpec kOptions[] = {
    {kGlobals, 'g', "globals", OptionSpec::Argument::none,
     "not the records, but the values that the script's globals have now"},
};

constexpr size_t kWriteAt = 256 << 10;
constexpr uint64_t kProgressEvery = 1 << 14;  // records

// The windows of several sessions at one moment.
class Dump {
 public:
  Dump(const ReadSessions& sessions, const ReadingOptions& options)
      : sessions_(sessions), options_(options), clock_(read_clocks()) {
    uint64_t since = options.last ? clock_.boot - std::min(*options.last, clock_.boot - 1)
                                  : options.range.start(clock_);
    for (const auto& session : sessions) windows_.push_back(session->reader().take(since));
  }

  // The CPUs are copied one after the other: what is newer than the first copy would have holes.
  Status show(RecordShow& show) {
    std::vector<RingWindow*> windows;
    uint64_t all = 0, done = 0;
    for (RingWindow& window : windows_) {
      windows.push_back(&window);
      all += window.total().kept;
    }
    Progress progress("records");
    SessionMerge<RingWindow> merge(std::move(windows));
    RecordedRecord record;
    while (auto session = merge.next(record.record)) {
      if (++done % kProgressEvery == 0) progress.update(done, all);
      if (record.record.time > clock_.boot) continue;
      record.real = clock_.real - (clock_.boot - record.record.time);
      record.recording = *session;
      record.schema = &sessions_[*session]->schema();
      show.show(record);
      if (show.queue().size() >= kWriteAt) STAPD_TRY(show.queue().write_all());
    }
    STAPD_TRY(show.finish(reports(), "dump"));
    return show.queue().write_all();
  }

  // What became of the records, on stderr.
  void tell(uint64_t shown) {
    bool whole = !options_.is_part();
    for (size_t i = 0; i < windows_.size(); ++i) {
      std::string who = windows_.size() > 1 ? sessions_[i]->name() + ": " : "";
      if (sessions_[i]->is_earlier()) who = sessions_[i]->name() + ", before it was restarted: ";
      if (whole)
        notice(who + ledger_text(windows_[i].total()));
      else if (!options_.range.until)
        tell_gaps(who, windows_[i]);
    }
    if (whole) return;
    std::string of = options_.last ? " of the last " + duration_text(*options_.last) : "";
    notice(counted(shown, "record") + of + (options_.where ? " for which --where holds" : ""));
  }

 private:
  std::vector<std::vector<SegmentReport>> reports() const {
    std::vector<std::vector<SegmentReport>> all;
    for (const RingWindow& window : windows_) {
      auto& segments = all.emplace_back();
      for (uint32_t i = 0; i < window.segments(); ++i) {
        const SegmentLedger& ledger = window.ledger(i);
        segments.push_back({ledger.produced, ledger.overwritten, ledger.in_flight,
                            ledger.unreadable, ledger.dropped});
      }
    }
    return all;
  }

  // Of each CPU whose ring has not everything of the time that was asked for.
  void tell_gaps(const std::string& who, RingWindow& window) const {
    std::vector<uint64_t> oldest(window.segments(), clock_.boot);
    window.rewind();
    for (RingRecord record; window.next(record);)
      if (record.time && record.time < oldest[record.segment]) oldest[record.segment] = record.time;
    for (uint32_t segment = 0; segment < window.segments(); ++segment) {
      if (!window.ledger(segment).overwritten) continue;
      std::string where =
          segment + 1 == window.segments() ? "stapd's handlers" : fmt::format("CPU {}", segment);
      notice(fmt::format("{}the ring of {} reaches back {} only, older records are overwritten",
                         who, where, duration_text(clock_.boot - oldest[segment])));
    }
  }

  const ReadSessions& sessions_;
  const ReadingOptions& options_;
  ClockReading clock_;
  std::vector<RingWindow> windows_;
};

VerbResult<int> dump_globals(const Invocation& invocation, const ReadingOptions& options) {
  if (options.is_part() || options.stamps || options.format != ShowFormat::text)
    return usage_error("--globals shows values, not records: only -o goes with it");
  if (invocation.operands().size() > 1) return usage_error("--globals shows one session");
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::string path, client.find_session(invocation.operands()[0]));
  STAPD_ASSIGN(std::string text, client.globals(path));
  STAPD_ASSIGN(UniqueFd file, open_output(options.output));
  OutputQueue queue;
  queue.to(file.valid() ? file.get() : STDOUT_FILENO) = std::move(text);
  STAPD_TRY(queue.write_all());
  return 0;
}

VerbResult<int> dump(const Invocation& invocation) {
  STAPD_ASSIGN(ReadingOptions options, reading_options(invocation));
  if (invocation.has(kGlobals)) return dump_globals(invocation, options);
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(ReadSessions sessions, open_sessions(client, invocation.operands()));
  std::vector<const ReadSchema*> schemas = schemas_of(sessions);
  STAPD_ASSIGN(std::unique_ptr<RecordShow> show, RecordShow::open(options, schemas));
  Dump dump(sessions, options);
  STAPD_TRY(dump.show(*show));
  dump.tell(show->shown());
  return 0;
}

}  // namespace

const Verb kDump = {"dump",
                    "NAME...",
                    "print what was recorded; the recording goes on",
                    kOptions,
                    false,
                    1,
                    Verb::kAnyNumber,
                    AfterOperand::options_too,
                    dump,
                    reading_option_specs()};

}  // namespace stapd::ctl
