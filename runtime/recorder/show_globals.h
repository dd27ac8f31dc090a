// SystemTap's automatic display: globals that a script writes and never reads are shown at its end.
#pragma once

#include <string>

#include "runtime/image/program_image.h"
#include "runtime/vm/map_access.h"

namespace stapd {

// Those with GlobalSpec::show_at_end.
std::string text_of_unread_globals(const ProgramImage& image, MapAccess& maps);

// One global, whatever it is: scalars as `name=value`, arrays as `name[keys]=value` by descending
// value, statistics with their extractors.
void append_global(std::string& out, const GlobalSpec& global, MapAccess& maps);

}  // namespace stapd
