// Records as JSON, an object a line: whatever the script made, warnings and errors too.
#pragma once

#include "ctl/show/record_printer.h"

namespace stapd::ctl {

class JsonPrinter : public RecordPrinter {
 public:
  JsonPrinter(OutputQueue& queue, const ShowOptions& options) : queue_(queue), options_(options) {}

  Status add(const ReadSchema*) override { return {}; }
  void print(const RecordedRecord& record, const RecordView& view) override;
  void settle(uint64_t) override {}
  Status end(size_t, const std::vector<SegmentReport>&, const std::string&) override { return {}; }
  Status finish(std::span<const std::vector<SegmentReport>>, const std::string&) override {
    return {};
  }

 private:
  OutputQueue& queue_;
  ShowOptions options_;
};

}  // namespace stapd::ctl
