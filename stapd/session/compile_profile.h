// What the compiling child does.
#pragma once

#include "stapd/profile/profile.h"

namespace stapd {

enum CompileExit { kCompileOk = 0, kCompileScriptWrong = 1, kCompileFailed = 2 };

// Compiles the profile's script for this host; the encoded image goes to the file descriptor
// `image`, diagnostics or why it failed to `text`. The exit status of the child.
CompileExit compile_profile(const Profile& profile, int image, int text);

}  // namespace stapd
