#include "ctl/run/file_progress.h"

#include <filesystem>

namespace stapd::ctl {

Result<std::unique_ptr<FileProgress>> FileProgress::make(const OutputFileOptions& options,
                                                         uint32_t segments,
                                                         const RotatedFile& first) {
  FileSettings settings;
  settings.path = std::filesystem::absolute(options.path).string();
  settings.size = options.limits.size;
  settings.count = options.limits.count;
  settings.format = FileSettings::Format::text;
  STAPD_ASSIGN(SharedArea area, SharedArea::create(kFilingPin, FilingState::size_for(segments)));
  FilingState::make(area.data(), settings, segments);
  STAPD_ASSIGN(FilingState state, FilingState::open(area.data(), area.size()));
  std::unique_ptr<FileProgress> progress(new FileProgress(std::move(area), std::move(state)));
  progress->reach(first, 0);
  progress->state_.settle(true);
  return progress;
}

void FileProgress::take(uint32_t segment, uint64_t number, uint64_t position) {
  Delivery& delivery = progress_.deliveries[segment];
  delivery.note(number);
  progress_.overwritten += delivery.pass(position);
}

void FileProgress::reach(const RotatedFile& file, size_t bytes) {
  progress_.number = file.number;
  progress_.opened = file.opened;
  progress_.size = file.size + bytes;
  state_.intend(progress_);
}

void FileProgress::intend(const RotatedFile& file, size_t bytes) {
  size_before_ = file.size;
  ++progress_.written;
  reach(file, bytes);
}

// What could not be written is left out, and does not come again.
void FileProgress::settle(bool happened) {
  if (!happened) {
    progress_.size = size_before_;
    --progress_.written;
    ++progress_.unwritten;
  }
  state_.settle(happened);
}

}  // namespace stapd::ctl
