#include "stapd/host/run_folder.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "runtime/base/clock.h"

namespace stapd {
namespace {

// Until whoever removes it has removed all of it.
constexpr uint64_t kCalmNs = 100'000'000;

// A lock of the process, not of the open file: a compiler that it forked, and that outlives it for
// a moment, must not keep the next one out.
Result<UniqueFd> lock_instance(const Paths& paths) {
  UniqueFd fd(open(paths.lock.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.valid()) return fail_errno(paths.lock, errno);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  if (fcntl(fd.get(), F_SETLK, &lock) < 0) {
    if (errno == EACCES || errno == EAGAIN)
      return failf(ErrorCode::busy, "another stapd has {} already",
                   paths.root.empty() ? "this host" : paths.root);
    return fail_errno(paths.lock, errno);
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<RunFolder>> RunFolder::take(const Paths& paths) {
  std::unique_ptr<RunFolder> folder(new RunFolder(paths));
  STAPD_TRY(folder->make());
  return folder;
}

Status RunFolder::make() {
  std::error_code error;
  using std::filesystem::perms;
  bool is_new = std::filesystem::create_directories(paths_.run_folder, error);
  // Everybody may come to the socket, whatever our umask is.
  constexpr perms kAnybody = perms::owner_all | perms::group_read | perms::group_exec |
                             perms::others_read | perms::others_exec;
  if (is_new && !error) std::filesystem::permissions(paths_.run_folder, kAnybody, error);
  if (error) return fail_errno("making " + paths_.run_folder, error.value());
  // To open the same file once more, and close that, would give the lock away.
  if (has_lock()) return {};
  STAPD_ASSIGN(lock_, lock_instance(paths_));
  return {};
}

Status RunFolder::watch(EventLoop& loop, Hooks hooks) {
  loop_ = &loop;
  hooks_ = std::move(hooks);
  return listen();
}

Status RunFolder::listen() {
  told_.reset();
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr uint32_t kGoings = IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVE_SELF;
  if (!inotify_.valid() ||
      inotify_add_watch(inotify_.get(), paths_.run_folder.c_str(), kGoings) < 0)
    return fail_errno("watching " + paths_.run_folder, errno);
  STAPD_ASSIGN(told_, loop_->on_readable(inotify_.get(), [this] { look(); }));
  return {};
}

// And it is that of its name.
bool RunFolder::has_lock() const {
  struct stat held = {}, named = {};
  return fstat(lock_.get(), &held) == 0 && stat(paths_.lock.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

bool RunFolder::is_whole() const {
  return has_lock() && access(paths_.private_socket.c_str(), F_OK) == 0;
}

void RunFolder::look() {
  alignas(inotify_event) char events[4096];
  while (::read(inotify_.get(), events, sizeof events) > 0) {
  }
  if (!is_whole()) make_again_later();
}

void RunFolder::make_again_later() {
  Result<EventSource> later = loop_->at(read_mono_clock() + kCalmNs, [this] { make_again(); });
  if (!later) return hooks_.give_up(later.error());
  later_ = std::move(*later);
}

void RunFolder::make_again() {
  Status made = make();
  if (made) made = listen();
  if (made) made = hooks_.fill();
  if (made) return;
  // Removed once more, under our hands.
  if (made.error().code == ErrorCode::not_found) return make_again_later();
  hooks_.give_up(made.error());
}

}  // namespace stapd
