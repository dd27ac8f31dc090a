// Programs as text: `stap -p4 -v`, goldens, and the report of a verifier refusal.
#pragma once

#include <string>

#include "runtime/image/program_image.h"

namespace stapd::bpf {

// One line an instruction: "  12: r1 = *(u64 *)(r6 +8)". With `with_registers` false only the
// mnemonic sequence, which goldens compare.
std::string disassemble(const ProgramSpec& program);

}  // namespace stapd::bpf
