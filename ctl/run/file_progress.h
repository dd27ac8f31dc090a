// How far the text file of a session has come, told while it is written: whoever goes on when its
// writer was killed does so at the very record. In the pin of runtime/filing/filing_state.h.
#pragma once

#include <memory>
#include <vector>

#include "ctl/run/output_files.h"
#include "runtime/filing/filing_state.h"
#include "runtime/load/shared_area.h"

namespace stapd::ctl {

class FileProgress {
 public:
  // Of what `options` write from a ring of so many segments; `first`: the file that is open.
  static Result<std::unique_ptr<FileProgress>> make(const OutputFileOptions& options,
                                                    uint32_t segments, const RotatedFile& first);
  FileProgress(const FileProgress&) = delete;
  FileProgress& operator=(const FileProgress&) = delete;

  // To be pinned as kFilingPin.
  int fd() const { return area_.fd(); }

  // The record was taken from the ring; what it prints, if anything, is about to be written. Up to
  // `position` everything of its segment was taken, or will never be.
  void take(uint32_t segment, uint64_t number, uint64_t position);
  void intend(const RotatedFile& file, size_t bytes);
  void settle(bool happened);

 private:
  FileProgress(SharedArea area, FilingState state)
      : area_(std::move(area)), state_(std::move(state)) {
    progress_.deliveries.resize(state_.segments());
  }

  // What will be true when so many bytes more are in the file.
  void reach(const RotatedFile& file, size_t bytes);

  SharedArea area_;
  FilingState state_;
  TextProgress progress_;  // of what is written
  uint64_t size_before_ = 0;
};

}  // namespace stapd::ctl
