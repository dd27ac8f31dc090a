#include "stapd/profile/find_profiles.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "stapd/host/trusted_path.h"
#include "stapd/profile/profile_keys.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".conf";

// Stem and path of the *.conf files of a folder; a hidden file is none.
std::map<std::string, std::string> conf_files(const std::string& folder) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    std::error_code ignored;
    if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix) || name[0] == '.' ||
        entry->is_directory(ignored))
      continue;
    files[name.substr(0, name.size() - kSuffix.size())] = entry->path();
  }
  return files;
}

ProfileFiles with_drop_ins(const Paths& paths, const std::string& name, const std::string& path) {
  std::map<std::string, std::string> drop_ins;
  for (const std::string& folder : paths.profile_folders)
    for (auto& [stem, file] : conf_files(fmt::format("{}/{}.conf.d", folder, name)))
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

Status find_script(const Paths& paths, Profile& profile) {
  if (profile.script.empty())
    return failf(ErrorCode::invalid_argument, "{}: no Script= in [Session]", profile.path);
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

}  // namespace

std::vector<ProfileFiles> find_profiles(const Paths& paths) {
  std::map<std::string, std::string> found;
  for (const std::string& folder : paths.profile_folders)
    for (auto& [name, path] : conf_files(folder)) found[name] = path;
  std::vector<ProfileFiles> profiles;
  for (auto& [name, path] : found) profiles.push_back(with_drop_ins(paths, name, path));
  return profiles;
}

std::optional<ProfileFiles> find_profile(const Paths& paths, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name[0] == '.') return std::nullopt;
  std::optional<ProfileFiles> found;
  for (const std::string& folder : paths.profile_folders) {
    std::string path = fmt::format("{}/{}{}", folder, name, kSuffix);
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_directory(path, error))
      found = with_drop_ins(paths, name, path);
  }
  return found;
}

Result<Profile> read_profile(const ProfileFiles& files, const Paths& paths) {
  Profile profile;
  profile.name = files.name;
  profile.path = files.path;
  STAPD_TRY(apply_file(files.path, profile));
  for (const std::string& drop_in : files.drop_ins) STAPD_TRY(apply_file(drop_in, profile));
  STAPD_TRY(find_script(paths, profile));
  return profile;
}

}  // namespace stapd
