#include "ctl/show/record_output.h"

namespace stapd::ctl {

RecordOutput::RecordOutput(std::span<const RecordFormat> formats, uint32_t segments,
                           OutputQueue& queue, const ShowOptions& options)
    : daemon_segment_(segments - 1),
      formatter_(formats),
      clock_(read_clocks()),
      printer_(queue, options) {}

void RecordOutput::show(const RingRecord& record) {
  std::optional<RecordView> view = formatter_.view_untrusted(record.bytes);
  if (!view) {
    ++unreadable_;
    return;
  }
  int32_t cpu = record.segment == daemon_segment_ ? -1 : static_cast<int32_t>(record.segment);
  printer_.print(formatter_, *view, {clock_.real_of(record.time), record.time, cpu});
}

}  // namespace stapd::ctl
