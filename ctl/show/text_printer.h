// Records as the text that people see: the script's own output to one file, byte for byte, the rest
// to stderr.
#pragma once

#include <string>

#include "ctl/show/record_printer.h"
#include "runtime/format/repeat_filter.h"
#include "runtime/format/time_text.h"

namespace stapd::ctl {

class TextPrinter : public RecordPrinter {
 public:
  TextPrinter(OutputQueue& queue, const ShowOptions& options);

  Status add(const ReadSchema*) override { return {}; }
  void print(const RecordedRecord& record, const RecordView& view) override;
  void settle(uint64_t) override {}
  Status end(size_t, const std::vector<SegmentReport>&, const std::string&) override { return {}; }
  Status finish(std::span<const std::vector<SegmentReport>>, const std::string&) override {
    return {};
  }

  void print(const RecordFormatter& formatter, const RecordView& view, const RecordStamp& stamp);

 private:
  void print_output(const RecordFormatter& formatter, const RecordView& view,
                    const RecordStamp& stamp);
  void print_aside(const RecordFormatter& formatter, const RecordView& view,
                   std::string_view session);

  OutputQueue& queue_;
  ShowOptions options_;
  RepeatFilter warnings_;
  StampedText stamped_;
  std::string text_;
};

}  // namespace stapd::ctl
