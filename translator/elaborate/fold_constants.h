// Constant expressions to their values, and branches on constants to the branch that is taken.
#pragma once

#include "translator/elaborate/usage.h"

namespace stapd {

enum class Folding : uint8_t {
  defined,  // only what @defined() decides: before types, and all that -u lets happen
  values,   // constant expressions
  calls,    // and calls of library functions that only return a constant: pp()
};

// True when anything changed.
bool fold_constants(sem::Program& program, const Usage& usage, Folding folding);

}  // namespace stapd
