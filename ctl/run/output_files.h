// The files of -o, -S and -b: as SystemTap names, switches and deletes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/store/file_rotation.h"

namespace stapd::ctl {

struct OutputFileOptions {
  std::string path;  // may have strftime directives; "" with `bulk`: SystemTap's own name
  RotationLimits limits;
  bool bulk = false;  // a file a CPU
};

class FileProgress;

class OutputFiles {
 public:
  // The first file, or those of each CPU. Segment `cpus` of the ring is that of this process.
  static Result<std::unique_ptr<OutputFiles>> open(const OutputFileOptions& options, uint32_t cpus);

  // One print's text, whole, from segment `segment`. A file that is full gives way to the next one.
  // `progress`: is told of it, when there is one stream of files.
  Status write(uint32_t segment, std::string_view message, FileProgress* progress);
  bool is_bulk() const { return bulk_; }
  // Of one stream.
  const RotatedFile& open_file() const { return files_[0]->state().files.back(); }
  // Each file gives way with its next message.
  void request_switch();

 private:
  OutputFiles() = default;

  PosixFiles layer_;
  bool bulk_ = false;
  std::vector<std::unique_ptr<FileRotation>> files_;
};

}  // namespace stapd::ctl
