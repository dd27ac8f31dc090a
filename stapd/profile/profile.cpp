#include "stapd/profile/profile.h"

#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

#include "runtime/base/sha256.h"

namespace stapd {
namespace {

std::string text_of(const ScriptOptions& options) {
  std::string text = fmt::format(
      "{}\n{} {} {}{}{}{}{}{}{}{}\n", fmt::join(options.tapset_paths, "\n"), options.compatible,
      options.privilege, options.guru, options.unoptimized, options.suppress_warnings,
      options.warnings_are_errors, options.skip_badvars, options.suppress_handler_errors,
      options.suppress_time_limits, options.show_globals_at_end);
  for (const auto* all : {&options.macros, &options.globals})
    for (const auto& [name, value] : *all) text += fmt::format("{}={}\n", name, value);
  return text;
}

}  // namespace

std::string fingerprint_of(const Profile& profile) {
  std::ifstream file(profile.script_path, std::ios::binary);
  std::ostringstream script;
  script << file.rdbuf();
  if (!file) return "";
  std::string settings = fmt::format(
      "{}\n{}\n{} {} {} {} {} {} {}\n", profile.script_path, fmt::join(profile.arguments, "\n"),
      profile.target_pid, profile.missing_probe_is_fatal, profile.error_budget, profile.max_skipped,
      profile.ring_bytes, profile.keep_ns, profile.record_time);
  if (profile.error_window_ms) settings += fmt::format("{}\n", profile.error_window_ms);
  const FileSettings& files = profile.files;
  if (profile.has_files())
    settings += fmt::format("{}\n{} {} {} {} {} {} {}\n", files.path, files.size, files.count,
                            files.max_age, files.total, files.keep_free,
                            static_cast<int>(files.format), files.compress);
  return sha256_hex(settings + text_of(profile.options) + script.str());
}

}  // namespace stapd
