// The command line of `stap`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ctl/run/run_options.h"
#include "runtime/base/result.h"
#include "runtime/command_line/command_line.h"
#include "translator/compile.h"

namespace stapd::ctl {

struct StapOptions {
  CompileOptions compile;
  int last_pass = 5;
  int verbosity = 0;
  int pass_verbosity[5] = {};
  bool help = false, version = false;
  enum class Dump { none, probe_types, probe_aliases, functions };
  Dump dump = Dump::none;
  std::optional<std::string> list;  // -l and -L: the probe point
  bool list_variables = false;
  bool script_given = false;  // by -e: compile.script_text is it
  bool example = false;
  std::vector<std::pair<int, uint64_t>> limits;  // --rlimit-NAME: RLIMIT_X, value
  bool color_always = false, color_never = false;
  bool module_named = false;  // -m: run.session_name is given
  RunOptions run;
  std::vector<std::string> notices;  // of options that do nothing

  // Whether no option has to do with running, listing or anything else.
  bool compiles_only() const;
};

std::span<const OptionSpec> stap_option_specs();

// What the options of that table and the operands say. A script in a file is read by
// read_scripts().
Result<StapOptions> read_stap_options(CommandLine line);

std::string stap_help();

}  // namespace stapd::ctl
