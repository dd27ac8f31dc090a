// The command line of `staprun`.
#pragma once

#include <string>
#include <vector>

#include "ctl/run/run_options.h"
#include "runtime/command_line/command_line.h"

namespace stapd::ctl {

struct StaprunOptions {
  enum class Task { help, version, load, attach, remove };
  Task task = Task::load;
  std::string module;                    // of load a file; else the name of a session
  std::vector<std::string> assignments;  // of globals: NAME=VALUE
  bool unique_name = false;
  RunOptions run;
  std::vector<std::string> notices;  // of options that do nothing
};

Result<StaprunOptions> read_staprun_options(const std::vector<std::string>& words);
std::string staprun_help();

}  // namespace stapd::ctl
