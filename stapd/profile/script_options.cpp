#include "stapd/profile/script_options.h"

#include "runtime/command_line/command_line.h"
#include "stapd/profile/environment_text.h"
#include "stapd/profile/profile_keys.h"
#include "stapd/profile/words.h"

namespace stapd {
namespace {

using Argument = OptionSpec::Argument;

// What becomes of an option: a key of profiles, a member of ScriptOptions, nothing (`text` says
// why), or an error (`text` says why).
enum class Treatment { key, script, ignored, refused };

struct Entry {
  OptionSpec spec;
  Treatment treatment;
  const char* section = "";
  const char* key = "";
  Status (*apply)(ScriptOptions&, const std::string&) = nullptr;
};

// ---- what options do --------------------------------------------------------------------------

Status assign(std::map<std::string, std::string>& to, const std::string& value) {
  size_t equals = value.find('=');
  if (equals == 0 || equals == std::string::npos)
    return fail(ErrorCode::invalid_argument, "wants NAME=VALUE");
  to.insert_or_assign(value.substr(0, equals), value.substr(equals + 1));
  return {};
}

Status set_macro(ScriptOptions& options, const std::string& value) {
  // As the C compiler understands -D.
  return assign(options.macros, value.find('=') == std::string::npos ? value + "=1" : value);
}
Status set_global(ScriptOptions& options, const std::string& value) {
  return assign(options.globals, value);
}
Status add_tapset_path(ScriptOptions& options, const std::string& value) {
  if (!value.starts_with('/')) return fail(ErrorCode::invalid_argument, "wants an absolute path");
  options.tapset_paths.push_back(value);
  return {};
}
Status set_compatible(ScriptOptions& options, const std::string& value) {
  options.compatible = value;
  return {};
}
Status set_privilege(ScriptOptions& options, const std::string& value) {
  if (value != "stapusr" && value != "stapsys" && value != "stapdev")
    return fail(ErrorCode::invalid_argument, "none of stapusr, stapsys, stapdev");
  options.privilege = value;
  return {};
}
Status set_unprivileged(ScriptOptions& options, const std::string&) {
  options.privilege = "stapusr";
  return {};
}
Status set_runtime(ScriptOptions&, const std::string& value) {
  if (value != "bpf") return fail(ErrorCode::unsupported, "bpf is the only one");
  return {};
}
template <bool ScriptOptions::*Member, bool Value = true>
Status set(ScriptOptions& options, const std::string&) {
  options.*Member = Value;
  return {};
}

// ---- tables -----------------------------------------------------------------------------------

constexpr Entry key(char letter, const char* section, const char* name) {
  return {{0, letter, nullptr, Argument::required, ""}, Treatment::key, section, name};
}
constexpr Entry script(char letter, const char* name, Argument argument,
                       Status (*apply)(ScriptOptions&, const std::string&)) {
  return {{0, letter, name, argument, ""}, Treatment::script, "", "", apply};
}
constexpr Entry ignored(char letter, const char* name, Argument argument, const char* why) {
  return {{0, letter, name, argument, why}, Treatment::ignored};
}
constexpr Entry refused(char letter, const char* name, Argument argument, const char* why) {
  return {{0, letter, name, argument, why}, Treatment::refused};
}

constexpr const char* kNoModule = "no module is built";
constexpr const char* kJournal = "what there is to say is in the journal";
constexpr const char* kOwnScript = "the script is NAME.stp";
constexpr const char* kIsSession = "it is what a session does";
constexpr const char* kNoCommand = "a session outlives every command";

const Entry kStapOptions[] = {
    key('s', "Memory", "Size"),
    key('o', "File", "Path"),
    key('S', "File", "Size"),
    key('x', "Session", "Target"),
    script('D', nullptr, Argument::required, set_macro),
    script('G', nullptr, Argument::required, set_global),
    script('I', nullptr, Argument::required, add_tapset_path),
    script('g', nullptr, Argument::none, set<&ScriptOptions::guru>),
    script('u', nullptr, Argument::none, set<&ScriptOptions::unoptimized>),
    script('w', nullptr, Argument::none, set<&ScriptOptions::suppress_warnings>),
    script('W', nullptr, Argument::none, set<&ScriptOptions::warnings_are_errors>),
    script(0, "skip-badvars", Argument::none, set<&ScriptOptions::skip_badvars>),
    script(0, "suppress-handler-errors", Argument::none,
           set<&ScriptOptions::suppress_handler_errors>),
    script(0, "suppress-time-limits", Argument::none, set<&ScriptOptions::suppress_time_limits>),
    script(0, "no-global-var-display", Argument::none,
           set<&ScriptOptions::show_globals_at_end, false>),
    script(0, "compatible", Argument::required, set_compatible),
    script(0, "privilege", Argument::required, set_privilege),
    script(0, "unprivileged", Argument::none, set_unprivileged),
    script(0, "runtime", Argument::required, set_runtime),
    ignored('F', nullptr, Argument::none, kIsSession),
    ignored(0, "bpf", Argument::none, "bpf is the only runtime"),
    ignored('v', nullptr, Argument::none, kJournal),
    ignored(0, "vp", Argument::required, kJournal),
    ignored(0, "color", Argument::optional, kJournal),
    ignored('m', nullptr, Argument::required, "the session's name is the script's"),
    ignored('k', nullptr, Argument::none, kNoModule),
    ignored('B', nullptr, Argument::required, kNoModule),
    ignored('R', nullptr, Argument::required, kNoModule),
    ignored('d', nullptr, Argument::required, "symbols are looked up when they are shown"),
    ignored(0, "ldd", Argument::none, "symbols are looked up when they are shown"),
    ignored(0, "all-modules", Argument::none, "symbols are looked up when they are shown"),
    ignored('P', nullptr, Argument::none, "entry values are read by the calling convention"),
    ignored(0, "prologue-searching", Argument::optional,
            "entry values are read by the calling convention"),
    ignored(0, "disable-cache", Argument::none, kNoModule),
    ignored(0, "poison-cache", Argument::none, kNoModule),
    ignored(0, "tmpdir", Argument::required, kNoModule),
    ignored(0, "modinfo", Argument::required, kNoModule),
    ignored(0, "sign-module", Argument::optional, kNoModule),
    ignored(0, "download-debuginfo", Argument::optional, "no debuginfo is needed"),
    refused('b', nullptr, Argument::none, "a session's files hold all CPUs in order"),
    refused('c', nullptr, Argument::required, kNoCommand),
    refused('e', nullptr, Argument::required, kOwnScript),
    refused('E', nullptr, Argument::required, kOwnScript),
    refused('l', nullptr, Argument::required, kIsSession),
    refused('L', nullptr, Argument::required, kIsSession),
    refused('p', nullptr, Argument::required, "a session is compiled and started: stapctl compile"),
    refused('t', nullptr, Argument::none, "stapctl status has what is counted"),
    refused('T', nullptr, Argument::required, "a session has no end of its own but exit()"),
    refused('r', nullptr, Argument::required, "programs are made for the running kernel"),
    refused('a', nullptr, Argument::required, "programs are made for this machine"),
};

const Entry kStaprunOptions[] = {
    key('b', "Memory", "Size"),
    key('o', "File", "Path"),
    key('S', "File", "Size"),
    key('x', "Session", "Target"),
    ignored('v', nullptr, Argument::none, kJournal),
    ignored('w', nullptr, Argument::none, kJournal),
    ignored('V', nullptr, Argument::none, kJournal),
    ignored('u', nullptr, Argument::none, kNoModule),
    ignored('D', nullptr, Argument::none, kIsSession),
    ignored('L', nullptr, Argument::none, kIsSession),
    ignored('T', nullptr, Argument::required, "nobody polls"),
    ignored('M', nullptr, Argument::required, "there is no monitor"),
    ignored('C', nullptr, Argument::required, kJournal),
    refused('A', nullptr, Argument::none, "attaching is `stapctl attach`"),
    refused('c', nullptr, Argument::required, kNoCommand),
    refused('d', nullptr, Argument::none, "ending is `stapctl stop`"),
    refused('F', nullptr, Argument::required, "a session writes where its profile says"),
    refused('N', nullptr, Argument::required, "it comes later"),
    refused('R', nullptr, Argument::none, "a session has its script's name"),
    refused('r', nullptr, Argument::required, "run it on the other host"),
};

// ---- reading ----------------------------------------------------------------------------------

// The keys of a profile that the option stands for; these check the values.
std::vector<IniAssignment> assignments_of(const Entry& entry, const std::string& value,
                                          const IniAssignment& place) {
  auto assignment = [&](const char* section, const char* name, std::string text) {
    return IniAssignment{section, name, std::move(text), place.file, place.line};
  };
  if (entry.spec.letter == 'o')
    return {assignment("File", "Path", value), assignment("File", "Format", "text")};
  if (entry.spec.letter != 'S')
    return {assignment(entry.section, entry.key, entry.spec.letter == 'x' ? value : value + "M")};
  size_t comma = value.find(',');
  std::vector<IniAssignment> all = {assignment("File", "Size", value.substr(0, comma) + "M")};
  if (comma != std::string::npos)
    all.push_back(assignment("File", "Count", value.substr(comma + 1)));
  return all;
}

Status apply_option(const Entry& entry, const std::string& value, const IniAssignment& place,
                    Profile& profile) {
  std::string shown = entry.spec.shown();
  switch (entry.treatment) {
    case Treatment::key:
      return apply_assignments(assignments_of(entry, value, place), profile);
    case Treatment::script: {
      Status applied = entry.apply(profile.options, value);
      if (applied) return {};
      return in_context(fmt::format("{}: {} {}", place.place(), shown, value), applied.error());
    }
    case Treatment::ignored:
      profile.warnings.push_back(
          fmt::format("{}: option '{}' does nothing: {}", place.place(), shown, entry.spec.text));
      return {};
    case Treatment::refused:
      break;
  }
  return failf(ErrorCode::unsupported, "{}: option '{}' is nothing for a session: {}",
               place.place(), shown, entry.spec.text);
}

Status apply_words(std::span<const Entry> entries, const IniAssignment& given, Profile& profile) {
  std::vector<OptionSpec> specs;
  for (const Entry& entry : entries) {
    specs.push_back(entry.spec);
    specs.back().id = static_cast<int>(specs.size() - 1);
  }
  Result<std::vector<std::string>> words = split_words(given.value);
  if (!words) return in_context(given.place(), words.error());
  Result<CommandLine> line = parse_command_line(specs, *words, AfterOperand::options_too);
  if (!line) return in_context(given.place(), line.error());
  for (const GivenOption& option : line->options)
    STAPD_TRY(
        apply_option(entries[static_cast<size_t>(option.spec->id)], option.value, given, profile));
  // Those of staprun are globals; those of stap would be another script.
  bool is_staprun = given.key == "STAPRUN_OPTIONS";
  for (const std::string& word : line->operands) {
    Status set = is_staprun ? set_global(profile.options, word)
                            : Status(fail(ErrorCode::invalid_argument, "no option"));
    if (!set) return in_context(fmt::format("{}: '{}'", given.place(), word), set.error());
  }
  return {};
}

}  // namespace

Status apply_options_untrusted(std::string_view text, const std::string& file, Profile& profile) {
  STAPD_ASSIGN(std::vector<IniAssignment> all, parse_environment_untrusted(text, file));
  for (const IniAssignment& given : all) {
    if (given.key == "STAP_OPTIONS") {
      STAPD_TRY(apply_words(kStapOptions, given, profile));
    } else if (given.key == "STAPRUN_OPTIONS") {
      STAPD_TRY(apply_words(kStaprunOptions, given, profile));
    } else {
      std::string wrong = fmt::format("{}: unknown variable '{}'", given.place(), given.key);
      profile.warnings.push_back(wrong + "; ignored");
      profile.unknown_keys.push_back(std::move(wrong));
    }
  }
  if (profile.options.suppress_time_limits && !profile.options.guru)
    return failf(ErrorCode::invalid_argument, "{}: --suppress-time-limits requires guru mode (-g)",
                 file);
  return {};
}

}  // namespace stapd
