// Passes over machine code before registers are allocated.
#pragma once

#include "translator/bpf/machine_code.h"

namespace stapd::bpf {

// Removes what cannot be reached and jumps to the next instruction.
void remove_unreachable(Function& function);

// Removes instructions whose only effect is a register that nobody reads.
void remove_unread(Function& function);

// Two virtual registers of which one is a copy of the other, and that are never needed at the same
// time, become one.
void join_copies(Function& function);

}  // namespace stapd::bpf
