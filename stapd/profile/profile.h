// A tracing profile: what a session records, and how. docs/profiles.md
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/filing/file_settings.h"

namespace stapd {

// What `stap` has options for and a profile has no keys: script_options.h
struct ScriptOptions {
  std::map<std::string, std::string> macros;   // -D
  std::map<std::string, std::string> globals;  // -G
  std::vector<std::string> tapset_paths;       // -I
  std::string compatible;
  std::string privilege = "stapdev";
  bool guru = false;
  bool unoptimized = false;
  bool suppress_warnings = false;
  bool warnings_are_errors = false;
  bool skip_badvars = false;
  bool suppress_handler_errors = false;
  bool suppress_time_limits = false;
  bool show_globals_at_end = true;
};

struct Profile {
  std::string name;  // of the session too
  std::string path;  // of NAME.conf, or of NAME.stp in script.d; drop-ins are merged in
  std::string description;
  std::string script;  // as the profile says
  std::string script_path;
  std::vector<std::string> arguments;
  uint32_t target_pid = 0;
  bool automatic = true;  // starts with the daemon
  bool missing_probe_is_fatal = true;
  uint32_t error_budget = UINT32_MAX;  // UINT32_MAX: unlimited
  uint32_t error_window_ms = 0;        // not 0: the budget is for any time as long as this
  uint32_t max_skipped = UINT32_MAX;
  uint32_t ring_bytes = 1u << 20;  // a CPU, a power of two
  uint64_t keep_ns = 0;            // wanted depth; 0: none
  bool record_time = true;
  FileSettings files;  // [File]; without a path nothing is written
  ScriptOptions options;

  bool has_files() const { return !files.path.empty(); }

  // What to tell about it that does not keep it from being used: "FILE:LINE: ...".
  std::vector<std::string> warnings;
  // Those of them that are about keys that do not exist: whoever asks for the session gets them as
  // an error; at boot a recording is worth more than a right profile.
  std::vector<std::string> unknown_keys;
};

// Names the settings and the script's text: two equal ones record the same. "" when the script
// cannot be read.
std::string fingerprint_of(const Profile& profile);

}  // namespace stapd
