// Profiles in their folders: NAME.conf, of which one in a later folder replaces those before, and
// NAME.conf.d/*.conf of all folders, which are merged in. A script NAME.stp in script.d that has no
// NAME.conf is a profile, too, as SystemTap has it, with NAME.options beside it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stapd/host/paths.h"
#include "stapd/profile/profile.h"

namespace stapd {

struct ProfileFiles {
  std::string name;
  std::string path;
  std::vector<std::string> drop_ins;  // in the order in which they are merged
};

// Sorted by name.
std::vector<ProfileFiles> find_profiles(const Paths& paths);
std::optional<ProfileFiles> find_profile(const Paths& paths, const std::string& name);

// The error is whole: what it says can be shown as it is.
Result<Profile> read_profile(const ProfileFiles& files, const Paths& paths);

}  // namespace stapd
