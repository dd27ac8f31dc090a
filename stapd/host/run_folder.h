// An instance's folder in /run: the lock that makes it the only stapd of its instance, and the
// place of its socket. Who removes it takes nothing from what is recorded: it is made again.
#pragma once

#include <functional>
#include <memory>

#include "runtime/base/unique_fd.h"
#include "stapd/host/event_loop.h"
#include "stapd/host/paths.h"

namespace stapd {

class RunFolder {
 public:
  // Makes it, and locks the instance; busy: another stapd has it.
  static Result<std::unique_ptr<RunFolder>> take(const Paths& paths);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  struct Hooks {
    std::function<Status()> fill;  // the folder is there again, and locked
    std::function<void(const Error& why)> give_up;
  };
  // From when its socket is there: makes it again when somebody has removed it, or what is in it.
  Status watch(EventLoop& loop, Hooks hooks);

 private:
  explicit RunFolder(const Paths& paths) : paths_(paths) {}
  Status make();
  Status listen();
  void look();
  void make_again_later();
  void make_again();
  bool has_lock() const;
  bool is_whole() const;

  const Paths& paths_;
  UniqueFd lock_, inotify_;
  EventLoop* loop_ = nullptr;
  Hooks hooks_;
  EventSource told_, later_;
};

}  // namespace stapd
