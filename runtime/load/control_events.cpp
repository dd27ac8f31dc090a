#include "runtime/load/control_events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

namespace stapd {

struct ControlEvents::Buffer {
  ring_buffer* buffer = nullptr;
  std::function<void(const ControlEvent&)> f;

  static int on_event(void* self, void* data, size_t size) {
    ControlEvent event;
    if (size != sizeof event) return 0;
    std::memcpy(&event, data, sizeof event);
    static_cast<Buffer*>(self)->f(event);
    return 0;
  }
};

Result<std::unique_ptr<ControlEvents>> ControlEvents::open(
    int map, std::function<void(const ControlEvent&)> f) {
  std::unique_ptr<ControlEvents> events(new ControlEvents);
  events->buffer_ = std::make_unique<Buffer>();
  events->buffer_->f = std::move(f);
  events->buffer_->buffer = ring_buffer__new(map, Buffer::on_event, events->buffer_.get(), nullptr);
  if (!events->buffer_->buffer) return fail_errno("reading the control events", errno);
  return events;
}

ControlEvents::~ControlEvents() {
  if (buffer_) ring_buffer__free(buffer_->buffer);
}

int ControlEvents::fd() const { return ring_buffer__epoll_fd(buffer_->buffer); }
void ControlEvents::handle() { ring_buffer__consume(buffer_->buffer); }

}  // namespace stapd
