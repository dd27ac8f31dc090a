// STAPD_CHECK(cond): aborts with file and line when an invariant of ours is broken, in every build.
// Foreign input is never checked this way.
#pragma once

namespace stapd {

[[noreturn]] void check_failed(const char* what, const char* file, int line);

}  // namespace stapd

#define STAPD_CHECK(cond)                                          \
  do {                                                             \
    if (!(cond)) ::stapd::check_failed(#cond, __FILE__, __LINE__); \
  } while (false)

#define STAPD_UNREACHABLE(what) ::stapd::check_failed(what, __FILE__, __LINE__)
