// Where every global lives: offsets in the state map, maps of arrays and statistics.
#pragma once

#include "translator/elaborate/program.h"

namespace stapd {

// Fills image.globals, in the order of program.globals, and image.maps.
void lay_out_globals(const sem::Program& program, ProgramImage& image);

}  // namespace stapd
