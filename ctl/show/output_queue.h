// Text on its way to stdout, stderr and files, in order. A reader that is slow or stopped holds up
// nothing but the queue: whoever fills it decides when enough waits in it.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>

#include "runtime/base/result.h"

namespace stapd::ctl {

class OutputQueue {
 public:
  // The text to which is appended what goes to `fd`, behind all that was queued before.
  std::string& to(int fd);

  // Takes out again what was put in last for `fd`, if it was the last.
  std::string take(int fd);

  bool empty() const;
  size_t size() const;  // bytes
  // Whose turn it is: to be polled for POLLOUT. -1 when there is nothing to write.
  int next_fd() const;

  // As much as goes without waiting, or everything. What stderr does not take is let go; an error
  // of another file ends the queue's use.
  Status write_ready();
  Status write_all();
  // Everything too, unless the output takes nothing for so long: whether all is written.
  Result<bool> write_while_taken(int patience_ms);

 private:
  struct Piece {
    int fd;
    std::string text;
    size_t written = 0;
  };
  using WriteCall = ssize_t (*)(int fd, const char* text, size_t bytes);
  Status write_front(WriteCall write);

  std::deque<Piece> pieces_;
  std::string spare_;  // memory for the next piece
};

}  // namespace stapd::ctl
