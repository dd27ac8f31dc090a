// Owner of the bytes of a file, read at once. Files of the kernel's BTF are mapped where the kernel
// can (6.16): nothing is copied then.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace stapd {

class FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  // Files larger than `most` bytes are refused. The error names the path.
  static Result<FileBytes> read(const std::string& path, size_t most);

  std::string_view view() const {
    return mapped_ ? std::string_view(mapped_, mapped_size_) : std::string_view(bytes_);
  }
  bool is_mapped() const { return mapped_ != nullptr; }

 private:
  std::string bytes_;
  const char* mapped_ = nullptr;
  size_t mapped_size_ = 0;
};

// The whole of a text file of proc, sysfs or tracefs, whose size nobody knows before.
Result<std::string> read_kernel_file(const std::string& path, size_t most = 64u << 20);

}  // namespace stapd
