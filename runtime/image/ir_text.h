// The text form of the IR, for `stap -p3`, goldens and error reports; and the checker that every
// module passes before it goes anywhere.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd::ir {

std::string to_text(const Function& function, const ProgramImage& image);
std::string to_text(const Instr& instr, const ProgramImage& image);

// Every operation as to_text() names it; those that mean several things, as "set.lt", one by one.
std::vector<std::string> operation_names();

// Operands fit their signatures, indexes are in range, blocks end with one terminator, targets
// exist. The error names function, block and instruction.
Status check(const Function& function, const ProgramImage& image);

}  // namespace stapd::ir
