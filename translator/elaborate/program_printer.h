// The elaborated program as text, in the form that `stap -p2` prints: globals, functions and probes
// with the types of everything.
#pragma once

#include <string>

#include "translator/elaborate/program.h"

namespace stapd {

struct PrintProgramOptions {
  bool bodies = false;       // as with -v
  bool capacities = false;   // of strings, behind their types: string[16]
  bool attachments = false;  // how each probe will be attached
};

std::string print_program(const sem::Program& program, const PrintProgramOptions& options = {});

}  // namespace stapd
