// The compiled script that a command line names, ready to run on this host.
#pragma once

#include "runtime/base/result.h"
#include "runtime/image/module_file.h"

namespace stapd::ctl {

// `name`: a file, or what is in /lib/modules/RELEASE/systemtap. `assignments`: of globals.
Result<ModuleFile> load_module(const std::string& name,
                               const std::vector<std::string>& assignments);

}  // namespace stapd::ctl
