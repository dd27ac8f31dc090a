// What is wrong with a program whose names are bound: rules that need more than one place.
#pragma once

#include "translator/elaborate/program_builder.h"

namespace stapd {

// Variables that are read and never assigned (warnings), wrapping scalars, -G for what is none.
void check_variables(const sem::Program& program, const SideTables& side, const SourceFiles& files,
                     Diagnostics& diagnostics);

// An array must not change while a foreach walks over it, neither in the loop nor in a function
// that is called there. Deleting all of it is allowed, and what functions do that those call, as in
// SystemTap: the walk then goes on over what there was.
void check_foreach(const sem::Program& program, const SideTables& side, Diagnostics& diagnostics);

// The parameters of each global's statistics, which must be the same wherever it is read.
void collect_statistics(sem::Program& program, const SideTables& side, Diagnostics& diagnostics);

// Makes automata of the regular expressions; a fault in one is shown inside its text.
void compile_regexes(sem::Program& program, Diagnostics& diagnostics);

// What a script of a user without rights (--privilege=stapusr) may not do: look at the kernel's
// memory.
void check_privilege(const sem::Program& program, const SideTables& side, Diagnostics& diagnostics);

// Marks functions that can come to call themselves.
void mark_recursion(sem::Program& program);

}  // namespace stapd
