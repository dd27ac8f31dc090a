// Where programs say that there is something to read: a BPF ring buffer whose content does not
// matter.
#pragma once

#include "runtime/base/unique_fd.h"
#include "runtime/load/map_set.h"

namespace stapd {

class Doorbell {
 public:
  // Borrows the descriptor of the map, which lives as long as this does.
  static Result<Doorbell> open(int map);

  int fd() const { return map_; }  // readable when it was rung since the last answer()
  void answer();

 private:
  Doorbell(int map, MapMemory consumer, MapMemory producer)
      : map_(map), consumer_(std::move(consumer)), producer_(std::move(producer)) {}

  int map_;
  MapMemory consumer_, producer_;  // positions, each at the start of a page
};

}  // namespace stapd
