// Virtual registers to the machine's ten: live ranges with holes, shortest first; what finds no
// register goes to the stack, or is made again where it is used if it is a constant.
#pragma once

#include "runtime/base/result.h"
#include "translator/bpf/machine_code.h"

namespace stapd::bpf {

// Bytes of stack that one function may use; calls below it need the rest of the kernel's 512.
constexpr uint32_t kStackLimit = 400;

// After it, `function` has no virtual registers. Fails when the stack does not hold the spills.
Status allocate_registers(Function& function);

}  // namespace stapd::bpf
