// The text form of the IR, for `stap -p3`, goldens and error reports; and the checker that every
// module passes before it goes anywhere.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd::ir {

std::string to_text(const Function& function, const ProgramImage& image);
std::string to_text(const Instr& instr, const ProgramImage& image);

// Operands fit their signatures, indexes are in range, blocks end with one terminator, targets
// exist. The error names function, block and instruction.
Status check(const Function& function, const ProgramImage& image);

}  // namespace stapd::ir
