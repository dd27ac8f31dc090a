// Whether the conditions of probe points hold. Handlers on other CPUs change what they read while
// we look.
#pragma once

#include "runtime/image/program_image.h"
#include "runtime/vm/vm.h"

namespace stapd {

class ConditionWatch {
 public:
  // Borrows all. `state`: the state map.
  ConditionWatch(const ProgramImage& image, Vm& vm, std::byte* state)
      : image_(image), vm_(vm), state_(state) {}

  // Whether it holds now. Programs that change it after that tell.
  bool holds(uint32_t condition);
  // Programs need not tell.
  void ignore(uint32_t condition);

 private:
  uint64_t* told(uint32_t condition) const;

  const ProgramImage& image_;
  Vm& vm_;
  std::byte* state_;
};

}  // namespace stapd
