// The command line of `stap`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "translator/compile.h"

namespace stapd::ctl {

struct StapOptions {
  CompileOptions compile;
  int last_pass = 5;
  int verbosity = 0;
  int pass_verbosity[5] = {};
  bool timing = false;
  bool help = false, version = false;
  enum class Dump { none, probe_types, probe_aliases, functions };
  Dump dump = Dump::none;
  std::optional<std::string> list;  // -l and -L: the probe point
  bool list_variables = false;
  bool example = false;
  bool color_always = false, color_never = false;
  // running
  std::optional<std::string> output;
  std::optional<std::string> command;  // -c
  std::optional<int> target;           // -x
  std::optional<double> time_limit;    // seconds
  uint32_t buffer_mib = 1;             // a CPU
  bool buffer_given = false;
  bool flight_recorder = false;
  bool bulk = false;
  std::optional<std::pair<uint64_t, uint64_t>> file_size;  // MiB, files
  std::vector<std::string> notices;                        // of options that do nothing
};

// argv without the program's name. The script's text is read by read_scripts().
Result<StapOptions> parse_stap_options(const std::vector<std::string>& arguments);

// Loads the main script and -E ones into options.compile. "-" is standard input.
Status read_scripts(StapOptions& options);

std::string stap_help();

}  // namespace stapd::ctl
