// Bytes that a recording is read from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // What there is of `length` bytes from `offset` on; less at the end, or when the disk fails.
  virtual std::string read(uint64_t offset, uint64_t length) const = 0;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::string read(uint64_t offset, uint64_t length) const override {
    return offset < bytes_.size() ? bytes_.substr(offset, length) : std::string();
  }

 private:
  std::string bytes_;
};

// A file as large as it is when it is opened. Read, not mapped: one that is cut meanwhile ends
// early, and nothing worse.
class FileSource : public ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  uint64_t size() const override { return size_; }
  std::string read(uint64_t offset, uint64_t length) const override;
  // Its writer is alive: it holds the lock.
  bool is_live() const { return live_; }

 private:
  FileSource(UniqueFd fd, uint64_t size, bool live)
      : fd_(std::move(fd)), size_(size), live_(live) {}
  UniqueFd fd_;
  uint64_t size_;
  bool live_;
};

}  // namespace stapd
