// One program for many probes: handlers that differ in nothing but the text around what they
// record, as those of a wildcard's probes that print ppfunc(). The cookie of a probe's link says
// how much higher its formats are numbered than those that the program was made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/image/program_image.h"

namespace stapd::bpf {

struct HandlerShape {
  std::string bytes;              // equal for handlers that can share a program
  std::vector<uint32_t> formats;  // that it records with, in order of use
};

HandlerShape shape_of(const ir::Function& function, const ProgramImage& image);

// The cookie of a probe whose handler has the second shape, under a program made of the first;
// nothing when the formats are not all equally far apart.
std::optional<uint32_t> cookie_of(const HandlerShape& made_of, const HandlerShape& other);

}  // namespace stapd::bpf
