// The elaborated program to the image: handlers and functions as IR, formats, globals with their
// maps. Programs come after it (translator/bpf/generate.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"
#include "translator/elaborate/program.h"

namespace stapd {

struct LowerOptions {
  bool record_time = true;
  bool show_globals_at_end = true;
  std::function<std::string(FileId)> file_name;  // as error messages say it
};

// Fails only for what cannot be recorded at all, e.g. a print with more data than a record holds;
// the message starts with the place.
Result<ProgramImage> lower(const sem::Program& program, const LowerOptions& options);

}  // namespace stapd
