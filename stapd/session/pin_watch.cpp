#include "stapd/session/pin_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "runtime/base/clock.h"
#include "runtime/load/session_pins.h"

namespace stapd {
namespace {

// While the kernel refuses to tell.
constexpr uint64_t kBetweenLooksNs = 2'000'000'000;

}  // namespace

PinWatch::PinWatch(EventLoop& loop, std::string instance, std::function<void()> changed, Say say)
    : loop_(loop),
      instance_(std::move(instance)),
      changed_(std::move(changed)),
      say_(std::move(say)) {
  rearm();
}

void PinWatch::look() {
  if (has_lost_events())
    say_(LOG_WARNING,
         "more sessions of stap came and went than the kernel keeps in mind; looked at all");
  // In this order: what comes after the look is told again.
  rearm();
  changed_();
}

void PinWatch::rearm() {
  Status watches = watch();
  if (watches && refused_) say_(LOG_NOTICE, "is told of the sessions of stap again");
  if (!watches && !refused_)
    say_(LOG_ERR, "looks for sessions of stap every few seconds, since the kernel does not tell: " +
                      watches.error().message);
  refused_ = !watches;
  if (watches) return;
  close();
  if (auto later = loop_.at(read_clocks().mono + kBetweenLooksNs, [this] { look(); }))
    source_ = std::move(*later);
}

// One for all time: to close one waits until the kernel has taken back all that are being closed,
// of any process, and all wait for us meanwhile.
Status PinWatch::open() {
  if (inotify_.valid()) return {};
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid()) return fail_errno("inotify", errno);
  STAPD_ASSIGN(source_, loop_.on_readable(inotify_.get(), [this] { look(); }));
  return {};
}

void PinWatch::close() {
  // Before its descriptor, which a child that compiles may have, too: else epoll keeps it.
  source_.reset();
  inotify_.reset();
  watches_.clear();
}

bool PinWatch::add(const std::string& folder, uint32_t events, std::set<int>& kept) {
  int watch = inotify_add_watch(inotify_.get(), folder.c_str(), events | IN_ONLYDIR);
  if (watch >= 0) kept.insert(watch);
  return watch >= 0;
}

// The deepest folder that is there says what comes into it, the one above that it goes: a removed
// folder that somebody has open says nothing itself. Each time anew, since folders come and go.
Status PinWatch::watch() {
  STAPD_TRY(open());
  std::set<int> kept;
  std::string deepest = sessions_folder(instance_);
  constexpr uint32_t kComings = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
  while (!add(deepest, kComings, kept)) {
    if (errno != ENOENT || deepest == "/") return fail_errno("watching " + deepest, errno);
    deepest = std::filesystem::path(deepest).parent_path();
  }
  // Whoever looks now must be able to: what is there already is not told.
  UniqueFd readable(::open(deepest.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable.valid() && errno != ENOENT) return fail_errno("reading " + deepest, errno);
  add(std::filesystem::path(deepest).parent_path(), IN_DELETE | IN_MOVED_FROM, kept);
  for (int gone : watches_)
    if (!kept.contains(gone)) inotify_rm_watch(inotify_.get(), gone);
  watches_ = std::move(kept);
  return {};
}

// When its queue was full, the last event says so.
bool PinWatch::has_lost_events() const {
  alignas(inotify_event) char bytes[64 << 10];
  for (ssize_t size;
       inotify_.valid() && (size = ::read(inotify_.get(), bytes, sizeof bytes)) > 0;) {
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, bytes + at, sizeof event);
      if (event.mask & IN_Q_OVERFLOW) return true;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return false;
}

}  // namespace stapd
