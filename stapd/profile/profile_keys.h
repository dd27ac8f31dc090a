// What the keys of a profile mean.
#pragma once

#include "stapd/profile/ini_text.h"
#include "stapd/profile/profile.h"

namespace stapd {

// Later assignments win; an empty one resets the key to its default; an unknown key is a warning
// in the profile. An error, with file and line, when a value is wrong or asks for what stapd cannot
// do yet.
Status apply_assignments(const std::vector<IniAssignment>& assignments, Profile& profile);

}  // namespace stapd
