// The translator's one public door: a script in, a program image out. Needs no root and asks the
// live kernel nothing: what it may know of the kernel is in KernelInfo.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/image/program_image.h"
#include "translator/pass_report.h"
#include "translator/resolve/kernel_info.h"

namespace stapd {

struct CompileOptions {
  std::string session_name = "stap";
  std::string script_name = "<input>";  // a path as given, or "<input>" for -e
  std::string script_text;
  std::vector<std::pair<std::string, std::string>> extra_scripts;  // -E: name, text
  std::vector<std::string> arguments;                              // $1 @1 ...
  std::vector<std::string> tapset_paths;                           // folders, the first found wins
  std::map<std::string, std::string> globals;                      // -G name=value
  std::map<std::string, std::string> macros;                       // -D NAME=VALUE: the limits
  std::string working_directory = "/";                             // for process("relative/path")
  std::string compatible;                                          // --compatible
  int64_t target_pid = 0;                                          // -x, -c
  std::string target_path;         // program of the target, for unnamed process.*
  bool guru = false;               // -g
  bool unoptimized = false;        // -u
  bool suppress_warnings = false;  // -w
  bool color = false;
  bool warnings_are_errors = false;  // -W
  bool skip_badvars = false;
  bool tolerate_missing_probes = false;  // probe points that cannot be resolved are left out
  bool suppress_handler_errors = false;
  bool show_globals_at_end = true;
  bool record_time = true;     // false: records carry no time, CPUs are not merged
  bool ring_doorbell = false;  // whoever writes files is woken up when half of a ring is new
  std::string privilege = "stapdev";
};

// What to stop after, for `stap -pN` and `stapctl compile --stop-after=`.
enum class CompilePhase { preprocess, parse, elaborate, lower, place, generate };

struct CompileOutcome {
  std::optional<ProgramImage> image;  // present when everything up to `generate` worked
  std::string product;                // text of the product of the phase that was asked for
  std::string diagnostics;            // warnings and errors, ready to print, or ""
  std::vector<PassReport> passes;     // those that ran to their end
  bool ok = false;
};

CompileOutcome compile(const CompileOptions& options, const KernelInfo& kernel,
                       CompilePhase stop_after = CompilePhase::generate);

}  // namespace stapd
