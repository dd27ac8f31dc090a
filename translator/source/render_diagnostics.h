// Diagnostics as text, in the form that SystemTap's users know.
#pragma once

#include <string>

#include "translator/source/diagnostics.h"
#include "translator/source/source_files.h"

namespace stapd {

struct RenderOptions {
  bool color = false;
  bool warnings = true;              // false: -w
  bool warnings_are_errors = false;  // -W: said after the last one
  bool kinds = false;                // with the name of each diagnostic's kind, for tests
};

std::string render_diagnostics(const Diagnostics& diagnostics, const SourceFiles& files,
                               const RenderOptions& options = {});

}  // namespace stapd
