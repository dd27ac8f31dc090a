// One function's variables and blocks behind another's.
#pragma once

#include "runtime/image/ir.h"

namespace stapd {

// Where they begin there.
struct Offsets {
  uint32_t registers, slots, stats, iterations, first_block;
};

// Gives `to` room for the variables of `from`, and says where they are, and its blocks will be.
Offsets reserve_variables(ir::Function& to, const ir::Function& from);
// Appends the blocks, their variables and targets renamed.
void append_blocks(ir::Function& to, const ir::Function& from, const Offsets& offsets);
ir::Operand renamed(ir::Operand operand, const Offsets& offsets);

}  // namespace stapd
