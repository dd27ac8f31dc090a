#include "ctl/show/output_queue.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace stapd::ctl {
namespace {

constexpr size_t kAtOnce = 1 << 20;

bool is_writable(int fd, int patience_ms = 0) {
  pollfd wait = {fd, POLLOUT, 0};
  return ::poll(&wait, 1, patience_ms) > 0;
}

ssize_t write_waiting(int fd, const char* text, size_t bytes) { return ::write(fd, text, bytes); }

// For an `fd` that polls as writable.
ssize_t write_without_waiting(int fd, const char* text, size_t bytes) {
  struct stat status {};
  bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (is_file) return write_waiting(fd, text, bytes);
  iovec piece = {const_cast<char*>(text), bytes};
  ssize_t done = ::pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
  // Terminals do not know the flag, nor do pipes before Linux 6.5: so much they always take.
  if (done < 0 && errno == EOPNOTSUPP)
    return write_waiting(fd, text, std::min<size_t>(bytes, PIPE_BUF));
  return done;
}

}  // namespace

std::string& OutputQueue::to(int fd) {
  if (pieces_.empty() || pieces_.back().fd != fd) {
    pieces_.push_back({fd, std::move(spare_)});
    spare_.clear();
  }
  return pieces_.back().text;
}

std::string OutputQueue::take(int fd) {
  if (pieces_.empty() || pieces_.back().fd != fd) return {};
  std::string text = std::move(pieces_.back().text);
  pieces_.pop_back();
  return text;
}

bool OutputQueue::empty() const { return size() == 0; }

size_t OutputQueue::size() const {
  size_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.text.size() - piece.written;
  return bytes;
}

int OutputQueue::next_fd() const { return pieces_.empty() ? -1 : pieces_.front().fd; }

Status OutputQueue::write_ready() {
  while (!pieces_.empty() && is_writable(pieces_.front().fd))
    STAPD_TRY(write_front(write_without_waiting));
  return {};
}

Result<bool> OutputQueue::write_while_taken(int patience_ms) {
  while (!pieces_.empty()) {
    if (!is_writable(pieces_.front().fd, patience_ms)) return false;
    STAPD_TRY(write_front(write_without_waiting));
  }
  return true;
}

Status OutputQueue::write_all() {
  while (!pieces_.empty()) {
    // Whoever gave us the file may have made it non-blocking.
    pollfd wait = {pieces_.front().fd, POLLOUT, 0};
    ::poll(&wait, 1, -1);
    STAPD_TRY(write_front(write_waiting));
  }
  return {};
}

Status OutputQueue::write_front(WriteCall write) {
  Piece& piece = pieces_.front();
  size_t bytes = std::min(kAtOnce, piece.text.size() - piece.written);
  ssize_t done = bytes ? write(piece.fd, piece.text.data() + piece.written, bytes) : 0;
  if (done < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (done < 0) {
    int error = errno;
    bool is_stderr = piece.fd == STDERR_FILENO;
    pieces_.pop_front();
    return is_stderr ? Status{} : Status(fail_errno("writing the output", error));
  }
  piece.written += static_cast<size_t>(done);
  if (piece.written < piece.text.size()) return {};
  spare_ = std::move(piece.text);
  spare_.clear();
  pieces_.pop_front();
  return {};
}

}  // namespace stapd::ctl
