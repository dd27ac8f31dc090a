// stapctl dump NAME...: what the rings hold now, or a part of it.
#include <unistd.h>

#include <map>
#include <numeric>

#include "ctl/show/ledger_text.h"
#include "ctl/show/progress.h"
#include "ctl/stapctl/read_session.h"
#include "ctl/stapctl/record_show.h"
#include "ctl/stapctl/recorded_time.h"
#include "ctl/stapctl/session_names.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

enum DumpOption { kGlobals = 1 };
constexpr OptionSpec kOptions[] = {
    {kGlobals, 'g', "globals", OptionSpec::Argument::none,
     "not the records, but the values that the script's globals have now"},
};

constexpr size_t kFirstWriteAt = 16 << 10;
constexpr size_t kWriteAt = 256 << 10;
// `less` takes a page and then nothing for long: so much of the rings is copied before we wait.
constexpr uint64_t kReadAhead = 64 << 20;
constexpr int kPatienceMs = 20;
constexpr uint64_t kProgressEvery = 1 << 14;  // records

// What several sessions hold at one moment.
class Dump {
 public:
  Dump(const ReadSessions& sessions, const ReadingOptions& options)
      : sessions_(sessions), options_(options), clock_(read_clocks()), in_time_(sessions.size()) {
    asked_ = {options.range.start(clock_), options.range.end(clock_), options.last};
    if (options.last) asked_.start = clock_.boot - std::min(*options.last, clock_.boot - 1);
    for (const auto& session : sessions) streams_.push_back(session->reader().stream(asked_.start));
  }

  // The CPUs are copied one after the other: what is newer than the first copy would have holes.
  Status show(RecordShow& show) {
    std::vector<RingStream*> streams;
    uint64_t all = 0, done = 0;
    for (const auto& stream : streams_) {
      streams.push_back(stream.get());
      all += stream->records();
    }
    Progress progress("records");
    SessionMerge<RingStream> merge(std::move(streams));
    RecordedRecord record;
    while (auto session = merge.next(record.record)) {
      if (++done % kProgressEvery == 0) progress.update(done, all);
      if (record.record.time > clock_.boot) continue;
      record.recording = *session;
      record.schema = &sessions_[*session]->schema();
      const ClockReading& clock = record.schema->info.clock;
      record.real = clock.real - clock.boot + record.record.time;
      if (show.show(record)) ++in_time_[*session];
      STAPD_TRY(write_now_and_then(show.queue()));
    }
    STAPD_TRY(show.finish(reports(), "dump"));
    return show.queue().write_all();
  }

  // What became of the records, on stderr.
  void tell(uint64_t shown) {
    bool whole = !options_.is_part();
    for (size_t i = 0; i < streams_.size(); ++i) {
      std::string who = streams_.size() > 1 ? sessions_[i]->name() + ": " : "";
      if (sessions_[i]->is_earlier()) who = sessions_[i]->name() + ", before it was restarted: ";
      if (whole)
        notice(who + ledger_text(streams_[i]->total()));
      else if (!options_.range.until)
        tell_gaps(who, *streams_[i]);
    }
    for (const auto& [name, rings] : by_name()) tell_time(rings);
    if (whole) return;
    std::string of = options_.last ? " of the last " + duration_text(*options_.last) : "";
    std::string where;
    if (options_.where)
      where = fmt::format(" for which --where holds, of {}",
                          std::accumulate(in_time_.begin(), in_time_.end(), uint64_t{0}));
    notice(counted(shown, "record") + of + where);
  }

 private:
  // The first bytes at once. Who waits for the output lets the recording overwrite what is not
  // copied yet.
  Status write_now_and_then(OutputQueue& queue) {
    if (queue.size() < (begun_ ? kWriteAt : kFirstWriteAt)) return {};
    begun_ = true;
    STAPD_ASSIGN(bool done, queue.write_while_taken(kPatienceMs));
    if (done) return {};
    for (const auto& stream : streams_) stream->read_ahead(kReadAhead / streams_.size());
    return queue.write_all();
  }

  std::vector<std::vector<SegmentReport>> reports() const {
    std::vector<std::vector<SegmentReport>> all;
    for (const auto& stream : streams_) {
      auto& segments = all.emplace_back();
      for (uint32_t i = 0; i < stream->segments(); ++i) {
        SegmentLedger ledger = stream->ledger(i);
        segments.push_back({ledger.produced, ledger.overwritten, ledger.in_flight,
                            ledger.unreadable, ledger.dropped});
      }
    }
    return all;
  }

  // Of each CPU whose ring has not everything of the time that was asked for.
  void tell_gaps(const std::string& who, const RingStream& stream) const {
    for (uint32_t segment = 0; segment < stream.segments(); ++segment) {
      if (!stream.ledger(segment).overwritten) continue;
      uint64_t oldest = stream.oldest(segment);
      std::string where =
          segment + 1 == stream.segments() ? "stapd's handlers" : fmt::format("CPU {}", segment);
      notice(fmt::format("{}the ring of {} reaches back {} only, older records are overwritten",
                         who, where, duration_text(oldest ? clock_.boot - oldest : 0)));
    }
  }

  struct Rings {
    std::vector<const ReadSession*> rings;  // of one session, the oldest first
    uint64_t in_time = 0;
  };
  std::map<std::string, Rings> by_name() const {
    std::map<std::string, Rings> names;
    for (size_t i = 0; i < sessions_.size(); ++i) {
      Rings& all = names[sessions_[i]->name()];
      all.rings.push_back(sessions_[i].get());
      all.in_time += in_time_[i];
    }
    return names;
  }

  void tell_time(const Rings& all) const {
    if (all.in_time == 0) {
      notice(nothing_recorded_text(all.rings, asked_, clock_));
      if (!options_.is_part())
        notice(fmt::format("what its script counts without printing it: stapctl dump --globals {}",
                           all.rings.front()->name()));
    } else if (std::string late = late_start_text(all.rings, asked_, clock_); !late.empty()) {
      notice(late);
    }
  }

  const ReadSessions& sessions_;
  const ReadingOptions& options_;
  ClockReading clock_;
  AskedTime asked_;
  std::vector<uint64_t> in_time_;  // records of each ring, whatever --where says
  std::vector<std::unique_ptr<RingStream>> streams_;
  bool begun_ = false;  // to write
};

VerbResult<int> dump_globals(const Invocation& invocation, const ReadingOptions& options) {
  if (options.is_part() || options.stamps || options.format != ShowFormat::text)
    return usage_error("--globals shows values, not records: only -o goes with it");
  if (invocation.operands().size() > 1) return usage_error("--globals shows one session");
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(invocation.root));
  STAPD_ASSIGN(std::string path, find_session(client, invocation.operands()[0]));
  Result<std::string> globals = client.globals(path);
  if (!globals) return tl::unexpected(VerbError(with_reason(globals.error(), client, path)));
  std::string text = std::move(*globals);
  STAPD_ASSIGN(UniqueFd file, open_output(options.output));
  if (text.empty())
    notice(fmt::format("the script of {} has no globals", invocation.operands()[0]));
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
