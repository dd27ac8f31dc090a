#include "ctl/stapctl/record_show.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "ctl/show/ledger_text.h"

namespace stapd::ctl {

namespace {

// One session may have several recordings.
bool are_several(std::span<const ReadSchema* const> recordings) {
  std::set<std::string> names;
  for (const ReadSchema* schema : recordings)
    if (schema) names.insert(schema->info.session + '@' + schema->info.host);
  return names.size() > 1;
}

}  // namespace

Result<UniqueFd> open_output(const std::optional<std::string>& path) {
  UniqueFd file;
  if (!path) return file;
  file.reset(::open(path->c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666));
  if (!file.valid()) return fail_errno("opening " + *path, errno);
  return file;
}

VerbResult<std::unique_ptr<RecordShow>> RecordShow::open(
    const ReadingOptions& options, std::span<const ReadSchema* const> recordings) {
  if (options.format == ShowFormat::recording && !options.output && ::isatty(STDOUT_FILENO))
    return usage_error("a recording is nothing for a terminal: write it to a file with -o FILE");
  STAPD_TRY(check_reading(options, recordings));
  std::unique_ptr<RecordShow> show(new RecordShow(options));
  STAPD_ASSIGN(show->file_, open_output(options.output));
  ShowOptions how;
  if (show->file_.valid()) how.out = show->file_.get();
  how.stamps = options.stamps;
  how.sessions = options.several || are_several(recordings);
  show->printer_ = make_printer(options.format, show->queue_, how);
  for (const ReadSchema* schema : recordings) STAPD_TRY(show->printer_->add(schema));
  show->recordings_ = recordings.size();
  return show;
}

Result<size_t> RecordShow::add(const ReadSchema& recording) {
  const ReadSchema* schema = &recording;
  if (auto fits = check_reading(options_, {&schema, 1}); !fits)
    queue_.to(STDERR_FILENO) += fmt::format("stapctl: {}\n", fits.error().error.message);
  STAPD_TRY(printer_->add(schema));
  return recordings_++;
}

bool RecordShow::show(const RecordedRecord& record) {
  const TimeRange& range = options_.range;
  if (range.is_limited() && !range.contains(record.real, record.record.time)) return false;
  std::optional<RecordView> view = record.schema->formatter.view_untrusted(record.record.bytes);
  if (!view) {
    ++unreadable_;
    return false;
  }
  if (view->format().channel == RecordChannel::heartbeat) return false;
  if (options_.where && !options_.where->matches(record, *view)) return true;
  ++shown_;
  printer_->print(record, *view);
  return true;
}

Status RecordShow::end(size_t recording, const ReadSchema& schema,
                       const std::vector<SegmentReport>& ledger, const std::string& reason) {
  if (options_.where) options_.where->forget(schema);
  return printer_->end(recording, ledger, reason);
}

Status RecordShow::finish(std::span<const std::vector<SegmentReport>> ledgers,
                          const std::string& reason) {
  if (unreadable_)
    queue_.to(STDERR_FILENO) += fmt::format("stapctl: left out, since they fit no format: {}\n",
                                            counted(unreadable_, "record"));
  return printer_->finish(ledgers, reason);
}

}  // namespace stapd::ctl
