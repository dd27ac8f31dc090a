#include "ctl/run/output_files.h"

#include <filesystem>

#include "ctl/run/file_progress.h"

namespace stapd::ctl {

Result<std::unique_ptr<OutputFiles>> OutputFiles::open(const OutputFileOptions& options,
                                                       uint32_t cpus) {
  std::unique_ptr<OutputFiles> files(new OutputFiles);
  files->bulk_ = options.bulk;
  RotationOptions rotation;
  rotation.path = options.path.empty() ? "" : std::filesystem::absolute(options.path).string();
  rotation.size = options.limits.size;
  rotation.count = options.limits.count;
  rotation.bulk = options.bulk;
  for (uint32_t cpu = 0; cpu < (options.bulk ? cpus : 1); ++cpu) {
    rotation.cpu = cpu;
    files->files_.push_back(std::make_unique<FileRotation>(files->layer_, rotation));
    STAPD_TRY(files->files_.back()->open_next());
  }
  return files;
}

// What this process's own handlers print has no CPU: it goes to the first one.
Status OutputFiles::write(uint32_t segment, std::string_view message, FileProgress* progress) {
  if (message.empty()) return {};
  FileRotation& file = *files_[segment < files_.size() ? segment : 0];
  if (!progress) return file.write_message(message);
  if (file.is_due(message.size())) STAPD_TRY(file.open_next());
  progress->intend(file.state().files.back(), message.size());
  Status written = file.write(message);
  progress->settle(written.has_value());
  return written;
}

void OutputFiles::request_switch() {
  for (const auto& file : files_) file->request_switch();
}

}  // namespace stapd::ctl
