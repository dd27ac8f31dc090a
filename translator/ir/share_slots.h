// Makes string slots and statistic slots whose values are never needed at the same time one: a
// program's frame is small, and inlined functions bring slots of their own.
#pragma once

#include "runtime/image/ir.h"

namespace stapd {

// Of a handler with its calls inlined. Only slots of the same capacity, and statistics of the same
// global, become one; short strings stay as they are, they are nearly registers.
void share_slots(ir::Function& function);

}  // namespace stapd
