// SystemTap's way to say how a script is run at boot: NAME.options beside NAME.stp, with
// STAP_OPTIONS= and STAPRUN_OPTIONS=.
#pragma once

#include <string_view>

#include "runtime/base/result.h"
#include "stapd/profile/profile.h"

namespace stapd {

// What has a meaning for a session is applied, what has none is a warning or refused. `text` is
// not trusted; an error names `file` and the line.
Status apply_options_untrusted(std::string_view text, const std::string& file, Profile& profile);

}  // namespace stapd
