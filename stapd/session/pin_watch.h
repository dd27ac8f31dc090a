// Tells when sessions come and go in an instance's folder of bpffs, whoever makes them: stap and
// staprun need no stapd. Nothing is looked at while nothing changes.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "runtime/base/unique_fd.h"
#include "stapd/host/event_loop.h"

namespace stapd {

class PinWatch {
 public:
  using Say = std::function<void(int priority, const std::string& text)>;

  // `changed` is called once now and then, maybe without a reason, and never too seldom: while the
  // kernel refuses to tell, every few seconds. That, and what it could not tell, is said once.
  PinWatch(EventLoop& loop, std::string instance, std::function<void()> changed, Say say);
  PinWatch(const PinWatch&) = delete;
  PinWatch& operator=(const PinWatch&) = delete;

 private:
  void look();
  void rearm();
  Status watch();
  Status open();
  void close();
  // Of `folder`, among those that are kept; false, with errno, when there is none.
  bool add(const std::string& folder, uint32_t events, std::set<int>& kept);
  bool has_lost_events() const;

  EventLoop& loop_;
  std::string instance_;
  std::function<void()> changed_;
  Say say_;
  UniqueFd inotify_;
  std::set<int> watches_;
  EventSource source_;
  bool refused_ = false;  // and that was said
};

}  // namespace stapd
