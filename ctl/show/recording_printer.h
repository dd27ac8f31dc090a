// Records as a recording: docs/recording-format.md. What comes from several recordings stays apart
// in the one file.
#pragma once

#include "ctl/show/record_printer.h"

namespace stapd::ctl {

// Files that are the queue's text: it writes them, or says what is wrong with the disk.
class QueuedFile : public FileLayer {
 public:
  QueuedFile(OutputQueue& queue, int out) : queue_(queue), out_(out) {}

  Result<UniqueFd> create(const std::string& path) override;
  Result<UniqueFd> reopen(const std::string& path, uint64_t) override { return create(path); }
  int64_t write(int fd, std::string_view bytes) override;
  int truncate(int, uint64_t) override { return 0; }
  int sync(int) override { return 0; }
  int remove(const std::string&) override { return 0; }
  bool has_name(int) override { return true; }
  uint64_t free_bytes(const std::string&) override { return UINT64_MAX; }
  uint64_t now() override;

 private:
  OutputQueue& queue_;
  int out_;
};

class RecordingPrinter : public RecordPrinter {
 public:
  RecordingPrinter(OutputQueue& queue, const ShowOptions& options) : file_(queue, options.out) {}

  Status add(const ReadSchema* recording) override;
  void print(const RecordedRecord& record, const RecordView& view) override;
  void settle(uint64_t now) override;
  Status end(size_t recording, const std::vector<SegmentReport>& ledger,
             const std::string& reason) override;
  Status finish(std::span<const std::vector<SegmentReport>> ledgers,
                const std::string& reason) override;

 private:
  struct Part {
    const ReadSchema* schema = nullptr;
    std::unique_ptr<RecordingWriter> writer;
  };

  QueuedFile file_;
  std::vector<Part> parts_;  // by recording; without a writer where nothing is known, or to come
  uint64_t settled_ = 0;
};

}  // namespace stapd::ctl
