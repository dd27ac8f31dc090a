#include "stapd/host/event_loop.h"

#include <sys/epoll.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include <csignal>

namespace stapd {

struct EventSource::State {
  sd_event_source* source = nullptr;
  std::function<void()> f;
  std::function<void(int)> on_child;

  ~State() { sd_event_source_disable_unref(source); }

  // The function may reset its own source, and with it itself.
  static int call(void* self) {
    auto f = static_cast<State*>(self)->f;
    f();
    return 0;
  }
  static int io(sd_event_source*, int, uint32_t, void* self) { return call(self); }
  static int time(sd_event_source*, uint64_t, void* self) { return call(self); }
  static int signal(sd_event_source*, const signalfd_siginfo*, void* self) { return call(self); }
  static int deferred(sd_event_source*, void* self) { return call(self); }
  static int child(sd_event_source*, const siginfo_t* info, void* self) {
    auto f = static_cast<State*>(self)->on_child;
    f(info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : info->si_status);
    return 0;
  }
};

EventSource::EventSource() = default;
EventSource::EventSource(EventSource&& other) noexcept = default;
EventSource& EventSource::operator=(EventSource&& other) noexcept = default;
EventSource::~EventSource() = default;
void EventSource::reset() { state_.reset(); }

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  std::unique_ptr<EventLoop> loop(new EventLoop);
  if (int error = sd_event_new(&loop->event_); error < 0)
    return fail_errno("making the event loop", -error);
  return loop;
}

EventLoop::~EventLoop() { sd_event_unref(event_); }

Result<EventSource> EventLoop::on_readable(int fd, std::function<void()> f) {
  EventSource source;
  source.state_ = std::make_unique<EventSource::State>();
  source.state_->f = std::move(f);
  int error = sd_event_add_io(event_, &source.state_->source, fd, EPOLLIN, EventSource::State::io,
                              source.state_.get());
  if (error < 0) return fail_errno("waiting for a file descriptor", -error);
  return source;
}

Result<EventSource> EventLoop::at(uint64_t time, std::function<void()> f) {
  EventSource source;
  source.state_ = std::make_unique<EventSource::State>();
  source.state_->f = std::move(f);
  // Rounded up: sd-event has microseconds, and a handler that is woken early would find nothing
  // due.
  int error =
      sd_event_add_time(event_, &source.state_->source, CLOCK_MONOTONIC, (time + 999) / 1000, 1,
                        EventSource::State::time, source.state_.get());
  if (error < 0) return fail_errno("setting a timer", -error);
  return source;
}

Result<EventSource> EventLoop::on_child(pid_t pid, std::function<void(int)> f) {
  EventSource source;
  source.state_ = std::make_unique<EventSource::State>();
  source.state_->on_child = std::move(f);
  int error = sd_event_add_child(event_, &source.state_->source, pid, WEXITED,
                                 EventSource::State::child, source.state_.get());
  if (error < 0) return fail_errno("waiting for a child", -error);
  return source;
}

Result<EventSource> EventLoop::on_signal(int signal, std::function<void()> f) {
  EventSource source;
  source.state_ = std::make_unique<EventSource::State>();
  source.state_->f = std::move(f);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  int error = sd_event_add_signal(event_, &source.state_->source, signal,
                                  EventSource::State::signal, source.state_.get());
  if (error < 0) return fail_errno("waiting for a signal", -error);
  return source;
}

Result<EventSource> EventLoop::soon(std::function<void()> f) {
  EventSource source;
  source.state_ = std::make_unique<EventSource::State>();
  source.state_->f = std::move(f);
  int error = sd_event_add_defer(event_, &source.state_->source, EventSource::State::deferred,
                                 source.state_.get());
  if (error < 0) return fail_errno("the event loop", -error);
  return source;
}

Status EventLoop::run() {
  if (int error = sd_event_loop(event_); error < 0) return fail_errno("the event loop", -error);
  return {};
}

void EventLoop::quit() { sd_event_exit(event_, 0); }

Status EventLoop::feed_watchdog() {
  if (int error = sd_event_set_watchdog(event_, 1); error < 0)
    return fail_errno("systemd's watchdog", -error);
  return {};
}

}  // namespace stapd
