// The daemon's one loop: sd-event, which also drives sd-bus and the watchdog. Nothing in it is
// periodic: a daemon that nobody asks and whose scripts have no timers sleeps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/base/result.h"

struct sd_event;
struct sd_event_source;

namespace stapd {

// Something that is waited for, as long as it lives.
class EventSource {
 public:
  EventSource();
  EventSource(EventSource&& other) noexcept;
  EventSource& operator=(EventSource&& other) noexcept;
  ~EventSource();

  bool valid() const { return state_ != nullptr; }
  void reset();

 private:
  friend class EventLoop;
  struct State;
  std::unique_ptr<State> state_;
};

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // A function may reset any source, its own too.
  Result<EventSource> on_readable(int fd, std::function<void()> f);
  // Once, at `time` (CLOCK_MONOTONIC, ns).
  Result<EventSource> at(uint64_t time, std::function<void()> f);
  // Once, when the child ends; `status` as of waitpid().
  Result<EventSource> on_child(pid_t pid, std::function<void(int status)> f);
  // Blocks the signal and waits for it.
  Result<EventSource> on_signal(int signal, std::function<void()> f);
  // Once, when everything that is ready was handled.
  Result<EventSource> soon(std::function<void()> f);

  // Until quit().
  Status run();
  void quit();
  // systemd's watchdog is fed by this loop, when the unit asks for it.
  Status feed_watchdog();

  sd_event* handle() const { return event_; }

 private:
  EventLoop() = default;
  sd_event* event_ = nullptr;
};

}  // namespace stapd
