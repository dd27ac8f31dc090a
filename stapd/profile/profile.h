// A tracing profile: what a session records, and how. docs/profiles.md
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/filing/file_settings.h"

namespace stapd {

struct Profile {
  std::string name;  // of the session too
  std::string path;  // of NAME.conf; drop-ins are merged in
  std::string description;
  std::string script;  // as the profile says
  std::string script_path;
  std::vector<std::string> arguments;
  uint32_t target_pid = 0;
  bool automatic = true;  // starts with the daemon
  bool missing_probe_is_fatal = true;
  uint32_t error_budget = UINT32_MAX;  // UINT32_MAX: unlimited
  uint32_t max_skipped = UINT32_MAX;
  uint32_t ring_bytes = 1u << 20;  // a CPU, a power of two
  uint64_t keep_ns = 0;            // wanted depth; 0: none
  bool record_time = true;
  FileSettings files;  // [File]; without a path nothing is written

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
