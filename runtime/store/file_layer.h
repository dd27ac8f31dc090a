// What writing files asks of the system: tests put faults in between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

class FileLayer {
 public:
  virtual ~FileLayer() = default;

  // Created or emptied, write only, mode 0666 less the umask, closed on exec; locked (flock,
  // exclusive), as long as it is open, where the file system can.
  virtual Result<UniqueFd> create(const std::string& path) = 0;
  // A file that is there, likewise, cut to `size` bytes: what is written goes behind them.
  virtual Result<UniqueFd> reopen(const std::string& path, uint64_t size) = 0;
  // Bytes written, maybe fewer than given, or -errno.
  virtual int64_t write(int fd, std::string_view bytes) = 0;
  // These give 0 or -errno.
  virtual int truncate(int fd, uint64_t size) = 0;
  virtual int sync(int fd) = 0;
  virtual int remove(const std::string& path) = 0;
  // False when somebody removed the open file: what is written to it is lost when it is closed.
  virtual bool has_name(int fd) = 0;
  // What an unprivileged user may still fill of the file system that holds `path`; UINT64_MAX when
  // nobody knows.
  virtual uint64_t free_bytes(const std::string& path) = 0;
  // ns since the epoch: jumps when somebody sets the clock.
  virtual uint64_t now() = 0;
  // ns, of a clock that nobody sets.
  virtual uint64_t steady_now();
};

class PosixFiles : public FileLayer {
 public:
  Result<UniqueFd> create(const std::string& path) override;
  Result<UniqueFd> reopen(const std::string& path, uint64_t size) override;
  int64_t write(int fd, std::string_view bytes) override;
  int truncate(int fd, uint64_t size) override;
  int sync(int fd) override;
  int remove(const std::string& path) override;
  bool has_name(int fd) override;
  uint64_t free_bytes(const std::string& path) override;
  uint64_t now() override;
};

// One file that is open already, as standard output: for a recording that is handed to somebody.
class OneOpenFile : public PosixFiles {
 public:
  explicit OneOpenFile(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<UniqueFd> create(const std::string& path) override;
  int remove(const std::string&) override { return 0; }
  bool has_name(int) override { return true; }
  uint64_t free_bytes(const std::string&) override { return UINT64_MAX; }

 private:
  UniqueFd fd_;
};

}  // namespace stapd
