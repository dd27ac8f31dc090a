// `x->field` where x is a plain variable: what x points to is what was assigned to it. Follows
// types of foreign data through variables, parameters and results, and turns paths into loads.
#pragma once

#include "translator/elaborate/program_builder.h"

namespace stapd {

// Paths whose start has no type are left, for report_unresolved() unless they are dead code.
// Afterwards no `defined` is left.
void resolve_autocasts(sem::Program& program, SideTables& side, btf::Catalog& types);

// Target variables and paths that do not exist, once dead code is gone.
void report_unresolved(sem::Program& program, Diagnostics& diagnostics);

}  // namespace stapd
