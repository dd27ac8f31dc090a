// Makes IR smaller without changing what it does. Run after inlining, which leaves copies of
// arguments and results that nobody needs.
#pragma once

#include "runtime/image/ir.h"

namespace stapd {

void simplify(ir::Function& function);

}  // namespace stapd
