// Machine functions without virtual registers to the bytes of one program.
#pragma once

#include "runtime/base/result.h"
#include "translator/bpf/machine_code.h"

namespace stapd::bpf {

// The first function is the program; the others are its subprograms, which calls and
// kSubAddress name by their place in `functions`.
Status encode(const std::vector<Function>& functions, ProgramSpec& program);

}  // namespace stapd::bpf
