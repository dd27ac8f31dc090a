// Tells when sessions come and go in an instance's folder of bpffs, whoever makes them: stap and
// staprun need no stapd. Nothing is looked at while nothing changes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/base/unique_fd.h"
#include "stapd/host/event_loop.h"

namespace stapd {

class PinWatch {
 public:
  // `changed` is called once now and then, maybe without a reason, and never too seldom.
  static Result<std::unique_ptr<PinWatch>> begin(EventLoop& loop, std::string instance,
                                                 std::function<void()> changed);
  PinWatch(const PinWatch&) = delete;
  PinWatch& operator=(const PinWatch&) = delete;

 private:
  PinWatch(EventLoop& loop, std::string instance, std::function<void()> changed)
      : loop_(loop), instance_(std::move(instance)), changed_(std::move(changed)) {}
  Status rearm();

  EventLoop& loop_;
  std::string instance_;
  std::function<void()> changed_;
  UniqueFd inotify_;
  EventSource source_;
};

}  // namespace stapd
