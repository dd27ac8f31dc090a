// Bytes in a map of their own, beside the others of a session: what must outlive its process, and
// is written too often for a file.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/load/map_set.h"

namespace stapd {

class SharedArea {
 public:
  // Zeros. `name` is also that of the pin, at most 15 bytes.
  static Result<SharedArea> create(const std::string& name, size_t bytes);
  static Result<SharedArea> open(const std::string& pin);

  int fd() const { return fd_.get(); }
  std::byte* data() const { return memory_.data(); }
  size_t size() const { return size_; }

 private:
  SharedArea() = default;
  Status map_memory();

  UniqueFd fd_;
  size_t size_ = 0;
  MapMemory memory_;
};

}  // namespace stapd
