#include "ctl/stap/live_output.h"

#include <unistd.h>

#include <cerrno>

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

FollowOptions follow_options() {
  FollowOptions options;
  options.settle_ns = kSettleNs;
  return options;
}

}  // namespace

LiveOutput::LiveOutput(const Recorder& recorder, const ShowOptions& show)
    : recorder_(recorder),
      reader_(recorder.reader()),
      follower_(reader_, follow_options()),
      output_(recorder.image().formats, reader_.segments(), queue_, show) {}

Result<std::unique_ptr<LiveOutput>> LiveOutput::open(const Recorder& recorder,
                                                     const StapOptions& options) {
  ShowOptions show;
  show.suppress_warnings = options.compile.suppress_warnings;
  std::unique_ptr<OutputFiles> files;
  if (options.output) {
    STAPD_ASSIGN(files, OutputFiles::open(*options.output, recorder.ring().segments - 1));
    show.out = kFiles;
  }
  std::unique_ptr<LiveOutput> output(new LiveOutput(recorder, show));
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
  for (RingRecord record; follower_.next(record);) {
    output_.show(record);
    if (files_) write_to_files(record.segment);
  }
}

// As in SystemTap, a message that cannot be written is left out, and the session goes on.
void LiveOutput::write_to_files(uint32_t segment) {
  Status written = files_->write(segment, queue_.take(kFiles));
  if (written || said_failure_) return;
  said_failure_ = true;
  queue_.to(STDERR_FILENO) += "ERROR: " + written.error().message + "\n";
}

void LiveOutput::write_ready() {
  if (failed_) return;
  Status written = queue_.write_ready();
  if (written) return;
  failed_ = true;
  queue_ = OutputQueue();
  queue_.to(STDERR_FILENO) += "ERROR: " + written.error().message + "\n";
  (void)queue_.write_ready();
}

void LiveOutput::finish() {
  follower_.flush(read_boot_clock());
  take_records();
  std::string& aside = queue_.to(STDERR_FILENO);
  if (uint64_t lost = follower_.total().overwritten)
    aside += fmt::format(
        "WARNING: There were {} lost messages: the ring was too small (stap -s).\n", lost);
  SegmentLedger total;
  for (uint32_t segment = 0; segment < reader_.segments(); ++segment)
    total += reader_.counters(segment);
  uint64_t errors = recorder_.state().errors, skipped = skipped_handlers(total);
  if (errors || skipped)
    aside += fmt::format("WARNING: Number of errors: {}, skipped probes: {}\n", errors, skipped);
  write_ready();
}

}  // namespace stapd::ctl
