#include "stapd/profile/profile_keys.h"

#include <bit>
#include <charconv>

#include "runtime/base/units.h"
#include "runtime/image/program_image.h"
#include "runtime/record/record_layout.h"
#include "stapd/profile/words.h"

namespace stapd {
namespace {

// `value` is never empty.
using Apply = Status (*)(Profile&, const std::string& value);
using Reset = void (*)(Profile&, const Profile& defaults);

struct Key {
  std::string_view section, name;
  Apply apply;
  Reset reset;
};

Result<uint32_t> parse_count(const std::string& value) {
  uint32_t count = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc{} || end != value.data() + value.size() || count == UINT32_MAX)
    return fail(ErrorCode::invalid_argument, "not a count");
  return count;
}

Result<uint32_t> parse_limit(const std::string& value) {
  if (value == "unlimited") return UINT32_MAX;
  return parse_count(value);
}

// In whole milliseconds.
Result<uint32_t> parse_window(const std::string& value) {
  constexpr uint64_t kNsPerMs = 1'000'000;
  STAPD_ASSIGN(uint64_t ns, parse_duration(value));
  if (ns < kNsPerMs || ns / kNsPerMs > UINT32_MAX)
    return fail(ErrorCode::invalid_argument, "a time from 1ms to 49d");
  return static_cast<uint32_t>(ns / kNsPerMs);
}

// COUNT, COUNT/TIME, or `unlimited`.
Status set_error_budget(Profile& profile, const std::string& value) {
  size_t slash = value.find('/');
  profile.error_window_ms = 0;
  if (slash == std::string::npos) {
    STAPD_ASSIGN(profile.error_budget, parse_limit(value));
    return {};
  }
  STAPD_ASSIGN(profile.error_budget, parse_count(value.substr(0, slash)));
  if (profile.error_budget > kMaxTimedErrors)
    return failf(ErrorCode::invalid_argument, "at most {} errors in a time", kMaxTimedErrors);
  STAPD_ASSIGN(profile.error_window_ms, parse_window(value.substr(slash + 1)));
  return {};
}

Status set_target(Profile& profile, const std::string& value) {
  for (std::string_view kind : {"unit:", "cgroup:", "command:"})
    if (value.starts_with(kind))
      return fail(ErrorCode::unsupported, "not yet supported: give a process id");
  STAPD_ASSIGN(profile.target_pid, parse_count(value));
  return {};
}

Status set_start(Profile& profile, const std::string& value) {
  if (value != "auto" && value != "manual")
    return fail(ErrorCode::invalid_argument, "`auto` or `manual`");
  profile.automatic = value == "auto";
  return {};
}

Status set_missing_probe(Profile& profile, const std::string& value) {
  if (value != "fail" && value != "warn")
    return fail(ErrorCode::invalid_argument, "`fail` or `warn`");
  profile.missing_probe_is_fatal = value == "fail";
  return {};
}

Status set_ring_size(Profile& profile, const std::string& value) {
  STAPD_ASSIGN(uint64_t size, parse_size(value));
  if (size == 0 || size > kMaxSegmentSize)
    return failf(ErrorCode::invalid_argument, "a ring has from {}K to {}M a CPU",
                 kMinSegmentSize >> 10, kMaxSegmentSize >> 20);
  profile.ring_bytes =
      std::max(std::bit_ceil(static_cast<uint32_t>(size)), uint32_t{kMinSegmentSize});
  if (profile.ring_bytes != size)
    profile.warnings.push_back(
        fmt::format("rounded up to {}K, a power of two", profile.ring_bytes >> 10));
  return {};
}

Status set_file_path(Profile& profile, const std::string& value) {
  STAPD_TRY(check_file_path(value));
  profile.files.path = value;
  return {};
}

Status set_file_format(Profile& profile, const std::string& value) {
  if (value != "recording" && value != "text")
    return fail(ErrorCode::invalid_argument, "`recording` or `text`");
  profile.files.format =
      value == "text" ? FileSettings::Format::text : FileSettings::Format::recording;
  return {};
}

Status set_compression(Profile& profile, const std::string& value) {
  if (value != "zstd" && value != "none")
    return fail(ErrorCode::invalid_argument, "`zstd` or `none`");
  profile.files.compress = value == "zstd";
  return {};
}

// STAPD_KEY(section, name, member, statement that sets it from `value`)
#define STAPD_KEY(section, name, member, set)                                               \
  Key {                                                                                     \
    section, name,                                                                          \
        [](Profile& profile, [[maybe_unused]] const std::string& value) -> Status {         \
          set;                                                                              \
          return {};                                                                        \
        },                                                                                  \
        [](Profile& profile, const Profile& defaults) { profile.member = defaults.member; } \
  }

const Key kKeys[] = {
    STAPD_KEY("Session", "Description", description, profile.description = value),
    STAPD_KEY("Session", "Script", script, profile.script = value),
    STAPD_KEY("Session", "Arguments", arguments,
              STAPD_ASSIGN(profile.arguments, split_words(value))),
    {"Session", "Target", set_target,
     [](Profile& profile, const Profile& defaults) { profile.target_pid = defaults.target_pid; }},
    {"Session", "Start", set_start,
     [](Profile& profile, const Profile& defaults) { profile.automatic = defaults.automatic; }},
    {"Session", "OnMissingProbe", set_missing_probe,
     [](Profile& profile, const Profile& defaults) {
       profile.missing_probe_is_fatal = defaults.missing_probe_is_fatal;
     }},
    {"Session", "ErrorBudget", set_error_budget,
     [](Profile& profile, const Profile& defaults) {
       profile.error_budget = defaults.error_budget;
       profile.error_window_ms = defaults.error_window_ms;
     }},
    STAPD_KEY("Session", "MaxSkipped", max_skipped,
              STAPD_ASSIGN(profile.max_skipped, parse_limit(value))),
    {"Memory", "Size", set_ring_size,
     [](Profile& profile, const Profile& defaults) { profile.ring_bytes = defaults.ring_bytes; }},
    STAPD_KEY("Memory", "Keep", keep_ns, STAPD_ASSIGN(profile.keep_ns, parse_duration(value))),
    STAPD_KEY("Memory", "Time", record_time,
              STAPD_ASSIGN(profile.record_time, parse_boolean(value))),
    {"File", "Path", set_file_path,
     [](Profile& profile, const Profile& defaults) { profile.files.path = defaults.files.path; }},
    STAPD_KEY("File", "Size", files.size, STAPD_ASSIGN(profile.files.size, parse_size(value))),
    STAPD_KEY("File", "Count", files.count, STAPD_ASSIGN(profile.files.count, parse_count(value))),
    STAPD_KEY("File", "MaxAge", files.max_age,
              STAPD_ASSIGN(profile.files.max_age, parse_duration(value))),
    STAPD_KEY("File", "TotalSize", files.total,
              STAPD_ASSIGN(profile.files.total, parse_size(value))),
    STAPD_KEY("File", "KeepFree", files.keep_free,
              STAPD_ASSIGN(profile.files.keep_free, parse_size(value))),
    {"File", "Format", set_file_format,
     [](Profile& profile, const Profile& defaults) {
       profile.files.format = defaults.files.format;
     }},
    {"File", "Compression", set_compression,
     [](Profile& profile, const Profile& defaults) {
       profile.files.compress = defaults.files.compress;
     }},
};

#undef STAPD_KEY

// Of sections that are known and not built: why, and what there is instead. "" for all others.
std::string why_not_yet(std::string_view section) {
  if (section == "Limits")
    return "limits by what probes cost are not yet supported: ErrorBudget= and MaxSkipped= of "
           "[Session] end a session, Size= of [Memory] and the keys of [File] bound what it keeps";
  if (section == "Trigger" || section.starts_with("Trigger "))
    return "nothing is saved by itself yet: the ring goes on recording, and after the event "
           "`stapctl dump --since` has what was before it";
  return "";
}

const Key* find_key(const IniAssignment& assignment) {
  for (const Key& key : kKeys)
    if (key.section == assignment.section && key.name == assignment.key) return &key;
  return nullptr;
}

std::string why_unknown(const IniAssignment& assignment) {
  if (assignment.section.empty())
    return fmt::format("'{}=' stands before any [Section]", assignment.key);
  for (const Key& key : kKeys)
    if (key.name == assignment.key)
      return fmt::format("'{}=' belongs into [{}], not [{}]", assignment.key, key.section,
                         assignment.section);
  return fmt::format("unknown key '{}=' in [{}]", assignment.key, assignment.section);
}

}  // namespace

Status apply_assignments(const std::vector<IniAssignment>& assignments, Profile& profile) {
  const Profile defaults;
  for (const IniAssignment& assignment : assignments) {
    if (std::string why = why_not_yet(assignment.section); !why.empty())
      return failf(ErrorCode::unsupported, "{}: [{}]: {}", assignment.place(), assignment.section,
                   why);
    const Key* key = find_key(assignment);
    if (!key) {
      std::string wrong = fmt::format("{}: {}", assignment.place(), why_unknown(assignment));
      profile.warnings.push_back(wrong + "; ignored");
      profile.unknown_keys.push_back(std::move(wrong));
      continue;
    }
    key->reset(profile, defaults);
    if (assignment.value.empty()) continue;
    size_t warnings = profile.warnings.size();
    Status applied = key->apply(profile, assignment.value);
    std::string what =
        fmt::format("{}: {}={}", assignment.place(), assignment.key, assignment.value);
    if (!applied) return in_context(what, applied.error());
    for (size_t i = warnings; i < profile.warnings.size(); ++i)
      profile.warnings[i] = fmt::format("{}: {}", what, profile.warnings[i]);
  }
  return {};
}

}  // namespace stapd
