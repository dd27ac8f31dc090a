#include "stapd/session/session_holder.h"

#include <csignal>

#include "runtime/base/clock.h"

namespace stapd {
namespace {

constexpr uint64_t kLookAgainNs = 100'000'000;

}  // namespace

Status SessionHolder::watch(EventLoop& loop, uint64_t pid, std::function<void()> gone) {
  source_.reset();
  bool is_new = pid != pid_;
  pid_ = pid;
  process_ = ProcessHandle(static_cast<pid_t>(pid));
  auto once = [this, gone = std::move(gone)] {
    source_.reset();
    gone();
  };
  if (is_new && process_.valid()) {
    STAPD_ASSIGN(source_, loop.on_readable(process_.fd(), once));
  } else {
    STAPD_ASSIGN(source_, loop.at(read_mono_clock() + kLookAgainNs, once));
  }
  return {};
}

void SessionHolder::forget() {
  source_.reset();  // before its descriptor is closed
  process_ = ProcessHandle();
  pid_ = 0;
  asked_ = false;
}

bool SessionHolder::ask_to_end() {
  asked_ = true;
  return process_.send(SIGTERM);
}

}  // namespace stapd
