#include "stapd/session/compile_profile.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <new>
#include <sstream>

#include "runtime/image/image_io.h"
#include "translator/host/compile_here.h"

namespace stapd {
namespace {

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("handing over the compiled script", errno);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

void apply(const ScriptOptions& from, CompileOptions& to) {
  for (const auto& [name, value] : from.macros) to.macros[name] = value;
  if (from.suppress_time_limits)
    for (const char* limit : {"MAXACTION", "MAXACTION_INTERRUPTIBLE"})
      to.macros[limit] = std::to_string(INT32_MAX);
  to.globals = from.globals;
  to.tapset_paths = from.tapset_paths;
  to.compatible = from.compatible;
  to.privilege = from.privilege;
  to.guru = from.guru;
  to.unoptimized = from.unoptimized;
  to.suppress_warnings = from.suppress_warnings;
  to.warnings_are_errors = from.warnings_are_errors;
  to.skip_badvars = from.skip_badvars;
  to.suppress_handler_errors = from.suppress_handler_errors;
  to.show_globals_at_end = from.show_globals_at_end;
}

Result<CompileOutcome> compile_script(const Profile& profile) {
  std::ifstream file(profile.script_path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail_errno(profile.script_path, errno);
  CompileOptions options;
  options.session_name = profile.name;
  options.script_name = profile.script_path;
  options.script_text = text.str();
  options.arguments = profile.arguments;
  options.target_pid = profile.target_pid;
  options.record_time = profile.record_time;
  options.ring_doorbell = profile.has_files();
  options.tolerate_missing_probes = !profile.missing_probe_is_fatal;
  options.macros["MAXERRORS"] = std::to_string(profile.error_budget);
  if (profile.error_window_ms)
    options.macros["MAXERRORS_INTERVAL"] = std::to_string(profile.error_window_ms);
  options.macros["MAXSKIPPED"] = std::to_string(profile.max_skipped);
  apply(profile.options, options);
  return compile_here(std::move(options), CompilePhase::generate);
}

}  // namespace

CompileExit compile_profile(const Profile& profile, int image, int text) try {
  Result<CompileOutcome> outcome = compile_script(profile);
  if (!outcome) {
    write_all(text, outcome.error().message);
    return kCompileFailed;
  }
  write_all(text, outcome->diagnostics);
  if (!outcome->ok) return kCompileScriptWrong;
  Status handed_over = write_all(image, encode_image(*outcome->image));
  if (handed_over) return kCompileOk;
  write_all(text, handed_over.error().message);
  return kCompileFailed;
} catch (const std::bad_alloc&) {
  write_all(text, "the script needs too much memory to compile");
  return kCompileFailed;
}

}  // namespace stapd
