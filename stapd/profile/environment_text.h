// Assignments NAME=VALUE as systemd's EnvironmentFile= reads them, with their places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stapd/profile/ini_text.h"

namespace stapd {

// Comments begin with `#` or `;`; a backslash at the end of a line goes on with the next; a value
// in double quotes has backslashes before `"`, `\`, `$` and "`" taken away, one in single quotes
// stays as it is. Bytes are not trusted; an error names `file` and the line.
Result<std::vector<IniAssignment>> parse_environment_untrusted(std::string_view text,
                                                               const std::string& file);

}  // namespace stapd
