#include "ctl/run/live_output.h"

#include <syslog.h>
#include <unistd.h>

#include "ctl/show/ledger_text.h"
#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

// Long enough for a handler to end, short enough that nobody waits.
constexpr uint64_t kSettleNs = 20'000'000;
// What waits for a slow reader before the ring is left to overwrite: the ring counts what is lost.
constexpr size_t kMostQueued = 8 << 20;

// In place of a descriptor: what is for the files of -o never stays in the queue.
constexpr int kFiles = -2;

FollowOptions follow_options(LiveOutputOptions& options) {
  FollowOptions follow;
  follow.settle_ns = kSettleNs;
  if (options.shown) follow.positions = std::move(*options.shown);
  return follow;
}

}  // namespace

LiveOutput::LiveOutput(const Recorder& recorder, const ShowOptions& show, LiveOutputOptions options)
    : recorder_(recorder),
      reader_(recorder.reader()),
      follower_(reader_, follow_options(options)),
      output_(recorder.image().formats, reader_.segments(), queue_, show),
      comes_late_(options.shown.has_value()) {}

Result<std::unique_ptr<LiveOutput>> LiveOutput::open(const Recorder& recorder,
                                                     LiveOutputOptions options) {
  ShowOptions show;
  show.suppress_warnings = options.suppress_warnings;
  std::unique_ptr<OutputFiles> files;
  if (options.files) {
    STAPD_ASSIGN(files, OutputFiles::open(*options.files, recorder.ring().segments - 1));
    show.out = kFiles;
  }
  std::unique_ptr<LiveOutput> output(new LiveOutput(recorder, show, std::move(options)));
  output->files_ = std::move(files);
  return output;
}

void LiveOutput::show_new() {
  if (queue_.size() < kMostQueued) {
    follower_.poll(read_boot_clock());
    take_records();
  }
  write_ready();
}

void LiveOutput::take_records() {
  if (!lost_before_) lost_before_ = comes_late_ ? follower_.total().overwritten : 0;
  for (RingRecord record; follower_.next(record);) {
    output_.show(record);
    if (to_syslog_) say(queue_.take(STDERR_FILENO));
    if (files_) write_to_files(record);
  }
}

int LiveOutput::tell_progress(const OutputFileOptions& options) {
  if (!files_ || files_->is_bulk()) return -1;
  Result<std::unique_ptr<FileProgress>> progress =
      FileProgress::make(options, reader_.segments(), files_->open_file());
  if (!progress) return -1;
  progress_ = std::move(*progress);
  return progress_->fd();
}

void LiveOutput::say(const std::string& text) {
  if (text.empty()) return;
  if (to_syslog_)
    ::syslog(LOG_ERR, "%s", text.c_str());
  else
    queue_.to(STDERR_FILENO) += text;
}

// As in SystemTap: a message that cannot be written is left out, and the session goes on; files of
// each CPU end it.
void LiveOutput::write_to_files(const RingRecord& record) {
  if (progress_) progress_->take(record.segment, record.number, follower_.position(record.segment));
  Status written = files_->write(record.segment, queue_.take(kFiles), progress_.get());
  if (written || said_failure_) return;
  said_failure_ = true;
  failed_ = files_->is_bulk();
  say("ERROR: " + written.error().message + "\n");
}

void LiveOutput::write_ready() {
  if (failed_) return;
  Status written = queue_.write_ready();
  if (written) return;
  failed_ = true;
  queue_ = OutputQueue();
  say("ERROR: " + written.error().message + "\n");
  (void)queue_.write_ready();
}

void LiveOutput::show_rest() {
  follower_.flush(read_boot_clock());
  take_records();
  if (uint64_t lost = follower_.total().overwritten - *lost_before_)
    say(fmt::format("WARNING: There were {} lost messages: the ring was too small (stap -s).\n",
                    lost));
  write_ready();
}

void LiveOutput::finish() {
  show_rest();
  SegmentLedger total;
  for (uint32_t segment = 0; segment < reader_.segments(); ++segment)
    total += reader_.counters(segment);
  uint64_t errors = recorder_.state().errors, skipped = skipped_handlers(total);
  if (errors || skipped)
    say(fmt::format("WARNING: Number of errors: {}, skipped probes: {}\n", errors, skipped));
  write_ready();
}

}  // namespace stapd::ctl
