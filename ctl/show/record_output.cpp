#include "ctl/show/record_output.h"

#include <unistd.h>

namespace stapd::ctl {
namespace {

// The wall clock is slewed all the time; what is more than this was set by somebody.
constexpr int64_t kClockJump = 1'000'000;

}  // namespace

RecordOutput::RecordOutput(std::span<const RecordFormat> formats, uint32_t segments,
                           OutputQueue& queue, const ShowOptions& options)
    : daemon_segment_(segments - 1),
      queue_(queue),
      options_(options),
      formatter_(formats),
      clock_(read_clocks()) {}

void RecordOutput::look_at_clock() {
  ClockReading now = read_clocks();
  auto jump = static_cast<int64_t>(now.real - clock_.real_of(now.boot));
  if (jump > kClockJump || jump < -kClockJump) clock_.add(now);
}

void RecordOutput::show(const RingRecord& record) {
  std::optional<RecordView> view = formatter_.view_untrusted(record.bytes);
  if (!view) {
    ++unreadable_;
    return;
  }
  switch (view->format().channel) {
    case RecordChannel::output:
      return show_output(*view, record);
    case RecordChannel::warning:
    case RecordChannel::error:
    case RecordChannel::notice:
      return show_aside(*view);
    case RecordChannel::system:
    case RecordChannel::heartbeat:
      return;
  }
}

void RecordOutput::show_output(const RecordView& view, const RingRecord& record) {
  std::string& out = queue_.to(options_.out);
  if (!options_.stamps) {
    formatter_.append_text(out, view);
    return;
  }
  text_.clear();
  formatter_.append_text(text_, view);
  int32_t cpu = record.segment == daemon_segment_ ? -1 : static_cast<int32_t>(record.segment);
  stamped_.append(out, text_, {clock_.real_of(record.time), record.time, cpu});
}

void RecordOutput::show_aside(const RecordView& view) {
  text_.clear();
  formatter_.append_text(text_, view);
  bool is_warning = view.format().channel == RecordChannel::warning;
  if (is_warning && (options_.suppress_warnings || !warnings_.is_new(text_))) return;
  if (text_.empty() || text_.back() != '\n') text_ += '\n';
  queue_.to(STDERR_FILENO) += text_;
}

}  // namespace stapd::ctl
