#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace stapd {

void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "stapd: bug at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace stapd
