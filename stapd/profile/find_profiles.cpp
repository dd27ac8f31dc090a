#include "stapd/profile/find_profiles.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "stapd/host/trusted_path.h"
#include "stapd/profile/profile_keys.h"
#include "stapd/profile/script_options.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProfile = ".conf";
constexpr std::string_view kScript = ".stp";
constexpr std::string_view kOptions = ".options";

// Stem and path of a folder's files with this suffix; a hidden file is none.
std::map<std::string, std::string> files_in(const std::string& folder, std::string_view suffix) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    std::error_code ignored;
    if (name.size() <= suffix.size() || !name.ends_with(suffix) || name[0] == '.' ||
        entry->is_directory(ignored))
      continue;
    files[name.substr(0, name.size() - suffix.size())] = entry->path();
  }
  return files;
}

ProfileFiles with_drop_ins(const Paths& paths, const std::string& name, const std::string& path) {
  std::map<std::string, std::string> drop_ins;
  for (const std::string& folder : paths.profile_folders)
    for (auto& [stem, file] : files_in(fmt::format("{}/{}.conf.d", folder, name), kProfile))
      drop_ins[stem] = file;
  ProfileFiles files{name, path, {}};
  for (auto& [stem, file] : drop_ins) files.drop_ins.push_back(file);
  return files;
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail_errno(path, errno);
  return text.str();
}

Status apply_file(const std::string& path, Profile& profile) {
  STAPD_TRY(check_trusted(path));
  STAPD_ASSIGN(std::string text, read_text(path));
  STAPD_ASSIGN(auto assignments, parse_ini_untrusted(text, path));
  return apply_assignments(assignments, profile);
}

// Settings of files that nobody would write.
Status check_files(const Profile& profile) {
  if (profile.has_files() || profile.files == FileSettings()) return {};
  return failf(ErrorCode::invalid_argument, "{}: no Path= in [File]", profile.path);
}

// A key that is misspelt, or in another section, is likely to have been meant for it.
std::string why_no_script(const Profile& profile) {
  if (profile.unknown_keys.empty()) return fmt::format("{}: no Script= in [Session]", profile.path);
  return fmt::format("{}; and no Script= in [Session]", fmt::join(profile.unknown_keys, "; "));
}

Status find_script(const Paths& paths, Profile& profile) {
  if (profile.script.empty()) return fail(ErrorCode::invalid_argument, why_no_script(profile));
  fs::path script = profile.script;
  std::vector<std::string> folders = paths.script_folders;
  folders.push_back(fs::path(profile.path).parent_path());
  if (script.is_absolute()) folders = {""};
  std::string tried;
  for (const std::string& folder : folders) {
    fs::path candidate = folder.empty() ? script : folder / script;
    std::error_code error;
    if (fs::is_regular_file(candidate, error)) {
      profile.script_path = candidate;
      return check_trusted(candidate);
    }
    if (!tried.empty()) tried += ", ";
    tried += folder;
  }
  if (script.is_absolute())
    return failf(ErrorCode::not_found, "{}: there is no script {}", profile.path, profile.script);
  return failf(ErrorCode::not_found, "{}: there is no script {} in {}", profile.path,
               profile.script, tried);
}

// A tapset is part of every script that is compiled with it.
Status check_tapsets(const ScriptOptions& options) {
  for (const std::string& folder : options.tapset_paths) {
    STAPD_TRY(check_trusted(folder));
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
      STAPD_TRY(check_trusted(entry->path()));
    if (error) return fail_errno(folder, error.value());
  }
  return {};
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_directory(path, error);
}

// A script that has no NAME.conf; SystemTap's NAME.options is beside it, or there are none.
Status apply_script(const std::string& path, Profile& profile) {
  profile.script = path;
  profile.automatic = false;
  std::string options = fs::path(path).replace_extension(kOptions);
  if (!is_file(options)) return {};
  STAPD_TRY(check_trusted(options));
  STAPD_ASSIGN(std::string text, read_text(options));
  STAPD_TRY(apply_options_untrusted(text, options, profile));
  return check_tapsets(profile.options);
}

}  // namespace

std::vector<ProfileFiles> find_profiles(const Paths& paths) {
  std::map<std::string, std::string> found;
  for (const std::string& folder : paths.profile_folders)
    for (auto& [name, path] : files_in(folder, kProfile)) found[name] = path;
  for (const std::string& folder : paths.script_folders) found.merge(files_in(folder, kScript));
  std::vector<ProfileFiles> profiles;
  for (auto& [name, path] : found) profiles.push_back(with_drop_ins(paths, name, path));
  return profiles;
}

std::optional<ProfileFiles> find_profile(const Paths& paths, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name[0] == '.') return std::nullopt;
  std::string found;
  for (const std::string& folder : paths.profile_folders)
    if (std::string path = fmt::format("{}/{}{}", folder, name, kProfile); is_file(path))
      found = path;
  for (const std::string& folder : paths.script_folders)
    if (std::string path = fmt::format("{}/{}{}", folder, name, kScript);
        found.empty() && is_file(path))
      found = path;
  if (found.empty()) return std::nullopt;
  return with_drop_ins(paths, name, found);
}

Result<Profile> read_profile(const ProfileFiles& files, const Paths& paths) {
  Profile profile;
  profile.name = files.name;
  profile.path = files.path;
  if (files.path.ends_with(kScript))
    STAPD_TRY(apply_script(files.path, profile));
  else
    STAPD_TRY(apply_file(files.path, profile));
  for (const std::string& drop_in : files.drop_ins) STAPD_TRY(apply_file(drop_in, profile));
  STAPD_TRY(check_files(profile));
  STAPD_TRY(find_script(paths, profile));
  return profile;
}

}  // namespace stapd
