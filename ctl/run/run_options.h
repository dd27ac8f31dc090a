// How stap and staprun run a session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ctl/run/output_files.h"

namespace stapd::ctl {

struct RunOptions {
  enum class Mode {
    foreground,  // shows what is recorded until the session ends, or somebody detaches
    in_memory,   // -F, -L: arms, runs the begin handlers and leaves
    daemon,      // -F -o, -D: leaves, too; who stays behind writes files
  };
  Mode mode = Mode::foreground;
  std::string root;                         // of the instance among whose sessions it is pinned
  std::string session_name;                 // what `staprun -A` finds it by
  std::optional<OutputFileOptions> output;  // -o, -S, -b
  std::optional<std::string> command;       // -c
  std::optional<int> target;                // -x
  std::optional<double> time_limit;         // seconds
  uint32_t buffer_mib = 1;                  // a CPU
  uint64_t poll_ns = 100'000'000;           // how often new records are looked for
  bool timing = false;                      // -t
  bool verbose = false;
  bool suppress_warnings = false;  // those of the script
};

}  // namespace stapd::ctl
