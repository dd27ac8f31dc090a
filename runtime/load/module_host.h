// Whether a compiled script is for this host as it is.
#pragma once

#include "runtime/image/module_file.h"

namespace stapd {

// What was compiled here and now.
Result<ModuleFile> make_module(ProgramImage image, bool bulk);

// An error that names what is not as it was when the script was compiled: the kernel, or a program
// that it probes.
Status check_module_fits(const ModuleFile& module);

}  // namespace stapd
