#include "stapd/session/pin_watch.h"

#include <sys/inotify.h>

#include <cerrno>
#include <filesystem>

#include "runtime/load/session_pins.h"

namespace stapd {

Result<std::unique_ptr<PinWatch>> PinWatch::begin(EventLoop& loop, std::string instance,
                                                  std::function<void()> changed) {
  std::unique_ptr<PinWatch> watch(new PinWatch(loop, std::move(instance), std::move(changed)));
  STAPD_TRY(watch->rearm());
  return watch;
}

// The deepest folder that is there says what comes into it, the one above that it goes: a removed
// folder that somebody has open says nothing itself. Each time anew, since folders come and go.
Status PinWatch::rearm() {
  // Before its descriptor is closed, which a child that compiles may have, too: else epoll keeps
  // it.
  source_.reset();
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid()) return fail_errno("watching the sessions of stap", errno);
  std::string deepest = sessions_folder(instance_);
  constexpr uint32_t kComings = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
  while (inotify_add_watch(inotify_.get(), deepest.c_str(), kComings | IN_ONLYDIR) < 0) {
    if (errno != ENOENT || deepest == "/") return fail_errno("watching " + deepest, errno);
    deepest = std::filesystem::path(deepest).parent_path();
  }
  std::string above = std::filesystem::path(deepest).parent_path();
  inotify_add_watch(inotify_.get(), above.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
  STAPD_ASSIGN(source_, loop_.on_readable(inotify_.get(), [this] {
    // In this order: what comes after the look is told again.
    (void)rearm();
    changed_();
  }));
  return {};
}

}  // namespace stapd
