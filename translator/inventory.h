// What there is to be probed and called, as `stap -l`, `-L` and the `--dump-` options list it.
#pragma once

#include "translator/compile.h"

namespace stapd {

enum class Inventory {
  points,                 // those that options.script_text matches, "probe POINT {}"
  points_with_variables,  // likewise, with the variables that a handler has there
  probe_types,            // patterns of every family
  aliases,                // of the tapset library
  functions,              // likewise
};

// The lines are in `product`; `ok` says that there were any.
CompileOutcome take_inventory(const CompileOptions& options, const KernelInfo& kernel,
                              Inventory inventory);

}  // namespace stapd
