// stapctl read FILE...: recordings in files; needs neither stapd nor root.
#include <sys/stat.h>

#include "ctl/show/ledger_text.h"
#include "ctl/show/progress.h"
#include "ctl/stapctl/record_show.h"
#include "ctl/stapctl/recording_files.h"
#include "runtime/base/units.h"

namespace stapd::ctl {
namespace {

constexpr size_t kWriteAt = 256 << 10;
constexpr uint64_t kProgressEvery = 1 << 14;  // records

// To open the output empties it.
VerbResult<void> check_output(const std::optional<std::string>& output,
                              const std::vector<std::string>& files) {
  struct stat out {
  }, in{};
  if (!output || ::stat(output->c_str(), &out) < 0) return {};
  for (const std::string& file : files)
    if (::stat(file.c_str(), &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
      return usage_error("-o {} is one of the files that are read", *output);
  return {};
}

std::vector<const ReadSchema*> schemas_of(const RecordingReader& reader) {
  std::vector<const ReadSchema*> schemas;
  for (size_t i = 0; i < reader.recordings(); ++i) schemas.push_back(reader.schema(i));
  return schemas;
}

// The last of the records, not of the time that has passed since.
void begin_at_last(ReadingOptions& options, const RecordingReader& reader) {
  uint64_t newest = 0;
  for (size_t i = 0; i < reader.recordings(); ++i) newest = std::max(newest, reader.newest(i));
  options.range.since = {Moment::Clock::wall, newest - std::min(*options.last, newest)};
}

// What RecordShow lets through, so that blocks of another time need not be unpacked.
RecordingReader::Options limits_of(const TimeRange& range) {
  RecordingReader::Options limits;
  auto is_wall = [](const Moment& moment) { return moment.clock == Moment::Clock::wall; };
  if (range.since) (is_wall(*range.since) ? limits.since : limits.boot_since) = range.since->ns;
  if (range.until) (is_wall(*range.until) ? limits.until : limits.boot_until) = range.until->ns;
  return limits;
}

std::vector<std::vector<SegmentReport>> reports_of(const RecordingReader& reader) {
  std::vector<std::vector<SegmentReport>> reports;
  for (size_t i = 0; i < reader.recordings(); ++i) {
    auto& segments = reports.emplace_back();
    for (const SegmentTotals& totals : reader.ledger(i))
      segments.push_back({totals.position, totals.overwritten, totals.abandoned, totals.unreadable,
                          totals.dropped});
  }
  return reports;
}

Status show_all(RecordingReader& reader, RecordShow& show) {
  uint64_t all = 0, done = 0;
  for (size_t i = 0; i < reader.recordings(); ++i) all += reader.records(i);
  Progress progress("records");
  for (RecordedRecord record; reader.next(record);) {
    if (++done % kProgressEvery == 0) progress.update(done, all);
    show.show(record);
    if (show.queue().size() >= kWriteAt) STAPD_TRY(show.queue().write_all());
  }
  STAPD_TRY(show.finish(reports_of(reader), "read"));
  return show.queue().write_all();
}

void tell(const RecordingReader& reader, const ReadingOptions& options, uint64_t shown) {
  for (const std::string& line : finding_lines(reader.findings())) notice(line);
  for (size_t i = 0; i < reader.recordings(); ++i) notice(recording_line(reader, i));
  std::string of = options.last ? " of the last " + duration_text(*options.last) : "";
  if (options.is_part()) notice(counted(shown, "record") + of + " shown");
  if (!reader.is_whole()) notice("what is named above is missing; all the rest was shown");
}

VerbResult<int> read(const Invocation& invocation) {
  STAPD_ASSIGN(ReadingOptions options, reading_options(invocation));
  STAPD_ASSIGN(std::vector<std::string> files, find_recording_files(invocation.operands()));
  STAPD_TRY(check_output(options.output, files));
  RecordingReader reader;
  for (const std::string& file : files) {
    Status added = reader.add_file(file);
    // Whatever it is, it is about a file and not about stapd.
    if (!added) return tl::unexpected(VerbError({ErrorCode::io, added.error().message}));
  }
  reader.open();
  if (options.last) begin_at_last(options, reader);
  reader.limit(limits_of(options.range));
  STAPD_ASSIGN(std::unique_ptr<RecordShow> show, RecordShow::open(options, schemas_of(reader)));
  STAPD_TRY(show_all(reader, *show));
  tell(reader, options, show->shown());
  return reader.is_whole() ? 0 : 1;
}

}  // namespace

const Verb kRead = {"read",
                    "FILE...",
                    "print recordings from files; needs neither stapd nor root",
                    {},
                    false,
                    1,
                    Verb::kAnyNumber,
                    AfterOperand::options_too,
                    read,
                    reading_option_specs()};

}  // namespace stapd::ctl
