// `x->field` where x is a plain variable: what x points to is what was assigned to it. Follows
// types of foreign data through variables, parameters and results, and turns paths into loads.
#pragma once

#include "translator/elaborate/program_builder.h"

namespace stapd {

// Paths whose start has no type are left, for infer_types to report unless they are dead code.
// Afterwards no `defined` is left.
void resolve_autocasts(sem::Program& program, SideTables& side, btf::Catalog& types);

}  // namespace stapd
