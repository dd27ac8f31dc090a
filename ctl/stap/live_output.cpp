#include "ctl/stap/live_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace stapd::ctl {
namespace {

uint64_t boot_ns() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Long enough for a handler to end, short enough that nobody waits.
constexpr uint64_t kSettleNs = 20'000'000;

FollowOptions follow_options() {
  FollowOptions options;
  options.settle_ns = kSettleNs;
  return options;
}

}  // namespace

LiveOutput::LiveOutput(const Recorder& recorder, bool suppress_warnings)
    : recorder_(recorder),
      reader_(recorder.reader()),
      follower_(reader_, follow_options()),
      formatter_(recorder.image().formats),
      suppress_warnings_(suppress_warnings) {}

Result<std::unique_ptr<LiveOutput>> LiveOutput::open(const Recorder& recorder,
                                                     const StapOptions& options) {
  std::unique_ptr<LiveOutput> output(new LiveOutput(recorder, options.compile.suppress_warnings));
  if (options.output) {
    output->file_.reset(
        ::open(options.output->c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666));
    if (!output->file_.valid()) return fail_errno("opening " + *options.output, errno);
    output->out_ = output->file_.get();
  }
  return output;
}

void LiveOutput::write_out(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      if (!failed_ && errno != EPIPE) std::perror("stap: writing the output");
      failed_ = true;
      return;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void LiveOutput::show_new() {
  follower_.poll(boot_ns());
  show_records();
}

void LiveOutput::show_records() {
  std::string out, text;
  for (RingRecord record; follower_.next(record);) {
    std::optional<RecordView> view = formatter_.view_untrusted(record.bytes);
    if (!view) continue;
    switch (view->format().channel) {
      case RecordChannel::output:
        formatter_.append_text(out, *view);
        continue;
      case RecordChannel::system:
      case RecordChannel::heartbeat:
        continue;
      default:
        break;
    }
    text.clear();
    formatter_.append_text(text, *view);
    bool is_warning = view->format().channel == RecordChannel::warning;
    if (is_warning && (suppress_warnings_ || !warnings_.is_new(text))) continue;
    // What came before it is to be seen before it.
    write_out(out_, out);
    out.clear();
    write_out(2, text);
  }
  write_out(out_, out);
}

void LiveOutput::finish() {
  follower_.flush(boot_ns());
  show_records();
  uint64_t lost = follower_.total().overwritten;
  if (lost)
    std::fprintf(stderr,
                 "WARNING: There were %llu lost messages: the ring was too small (stap -s).\n",
                 static_cast<unsigned long long>(lost));
  uint64_t errors = recorder_.state().errors, skipped = 0;
  for (uint32_t segment = 0; segment < reader_.segments(); ++segment) {
    SegmentLedger ledger = reader_.counters(segment);
    for (DropCause cause : {DropCause::nested_too_deep, DropCause::lock_timeout})
      skipped += ledger.dropped[static_cast<size_t>(cause)];
  }
  if (errors || skipped)
    std::fprintf(stderr, "WARNING: Number of errors: %llu, skipped probes: %llu\n",
                 static_cast<unsigned long long>(errors), static_cast<unsigned long long>(skipped));
}

}  // namespace stapd::ctl
