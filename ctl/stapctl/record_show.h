// From records to the output: those that were asked for, as it was asked for.
#pragma once

#include <memory>

#include "ctl/stapctl/reading_options.h"
#include "runtime/base/unique_fd.h"

namespace stapd::ctl {

class RecordShow {
 public:
  // Opens the output. `recordings`: what the records will be of.
  static VerbResult<std::unique_ptr<RecordShow>> open(
      const ReadingOptions& options, std::span<const ReadSchema* const> recordings);
  RecordShow(const RecordShow&) = delete;
  RecordShow& operator=(const RecordShow&) = delete;

  // Puts it into the queue, when it is one of those. A record that fits no format is left out and
  // counted. Whether it is one of the time that was asked for.
  bool show(const RecordedRecord& record);
  // What was shown so far should be there for whoever looks.
  void settle(uint64_t now) { printer_->settle(now); }
  // The number of a recording that came later. What of it cannot be had as it was asked for is said
  // on stderr.
  Result<size_t> add(const ReadSchema& recording);
  // No record of it follows, and its schema may go.
  Status end(size_t recording, const ReadSchema& schema, const std::vector<SegmentReport>& ledger,
             const std::string& reason);
  // No record follows; says what was left out. The queue is for the caller to write.
  Status finish(std::span<const std::vector<SegmentReport>> ledgers, const std::string& reason);

  OutputQueue& queue() { return queue_; }
  uint64_t shown() const { return shown_; }

 private:
  explicit RecordShow(const ReadingOptions& options) : options_(options) {}

  ReadingOptions options_;
  size_t recordings_ = 0;
  UniqueFd file_;
  OutputQueue queue_;
  std::unique_ptr<RecordPrinter> printer_;
  uint64_t shown_ = 0, unreadable_ = 0;
};

// Of -o; invalid without it.
Result<UniqueFd> open_output(const std::optional<std::string>& path);

}  // namespace stapd::ctl
