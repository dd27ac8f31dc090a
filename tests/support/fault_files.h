// A file layer that fails on purpose.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <map>

#include "runtime/store/file_layer.h"

namespace stapd::test {

class FaultFiles : public PosixFiles {
 public:
  uint64_t room = UINT64_MAX;       // bytes that still fit: then ENOSPC, after a short write
  uint64_t free = UINT64_MAX;       // what free_bytes() says
  int write_error = 0;              // every write fails with it
  int create_error = 0;             // every create
  size_t longest_write = SIZE_MAX;  // short writes
  int interrupts = 0;               // so many writes are interrupted first
  uint64_t clock = 0;               // ns since the epoch; 0: the real one
  uint64_t clock_jump = 0;          // how far that was set, by somebody
  bool keeps_torn = false;          // cutting a half written message off fails too
  // Called before each write with its bytes; how many of them are written before a SIGKILL.
  std::function<int64_t(std::string_view)> kill_after;

  uint64_t writes = 0, syncs = 0;

  Result<UniqueFd> create(const std::string& path) override {
    if (create_error) return fail_errno(path, create_error);
    return PosixFiles::create(path);
  }
  int64_t write(int fd, std::string_view bytes) override {
    ++writes;
    if (interrupts > 0) return --interrupts, -EINTR;
    if (write_error) return -write_error;
    if (kill_after) {
      if (int64_t size = kill_after(bytes); size >= 0) {
        (void)PosixFiles::write(fd, bytes.substr(0, static_cast<size_t>(size)));
        ::kill(::getpid(), SIGKILL);
      }
    }
    if (room == 0) return -ENOSPC;
    bytes = bytes.substr(0, std::min<uint64_t>({bytes.size(), longest_write, room}));
    int64_t written = PosixFiles::write(fd, bytes);
    if (written > 0 && room != UINT64_MAX) room -= static_cast<uint64_t>(written);
    return written;
  }
  int truncate(int fd, uint64_t size) override {
    if (keeps_torn) return -EIO;
    return PosixFiles::truncate(fd, size);
  }
  int sync(int fd) override {
    ++syncs;
    return PosixFiles::sync(fd);
  }
  uint64_t free_bytes(const std::string&) override { return free; }
  uint64_t now() override { return clock ? clock : PosixFiles::now(); }
  uint64_t steady_now() override { return clock ? clock - clock_jump : PosixFiles::steady_now(); }
};

}  // namespace stapd::test
