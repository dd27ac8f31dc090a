// What programs tell whoever runs the session, through the control ring buffer.
#pragma once

#include <functional>
#include <memory>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd {

class ControlEvents {
 public:
  static Result<std::unique_ptr<ControlEvents>> open(int map,
                                                     std::function<void(const ControlEvent&)> f);
  ~ControlEvents();
  ControlEvents(const ControlEvents&) = delete;
  ControlEvents& operator=(const ControlEvents&) = delete;

  int fd() const;  // readable when there are events
  void handle();   // gives those that came to the function

 private:
  ControlEvents() = default;
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace stapd
