// What of an IR function's variables is live where.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/image/ir.h"

namespace stapd {

// Registers, and slots, that some path from the entry reads before it writes them, parameters left
// out: the IR says that they are 0 and "".
std::vector<uint32_t> read_before_written(const ir::Function& function);
std::vector<uint32_t> slots_read_before_written(const ir::Function& function);

// For each block the registers, slots and statistics whose values are still read after its end; one
// bit a variable, numbered registers first, then slots, then statistics.
class Liveness {
 public:
  explicit Liveness(const ir::Function& function);

  size_t variables() const { return variables_; }
  // Variable of an operand that the function had, or -1.
  int64_t variable(const ir::Operand& operand) const;
  const std::vector<bool>& live_in(uint32_t block) const { return in_[block]; }
  std::vector<bool> live_out(uint32_t block) const;
  // Turns what is live behind an instruction into what is live before it.
  void step_backward(const ir::Instr& instr, std::vector<bool>& live) const;

 private:
  const ir::Function& function_;
  // As they were: the function may have got more since.
  size_t registers_, slots_;
  size_t variables_;
  std::vector<std::vector<bool>> in_;
};

}  // namespace stapd
