// The automata of a program's regular expressions as tables in an image.
#pragma once

#include "runtime/base/result.h"
#include "translator/elaborate/program.h"

namespace stapd {

// Every sem::Regex becomes the RegexSpec of its index.
Status lay_out_regexes(const sem::Program& program, ProgramImage& image);

}  // namespace stapd
