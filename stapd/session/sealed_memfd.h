// Bytes for another process: a file in memory that nobody can change or cut short any more.
#pragma once

#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

Result<UniqueFd> make_memfd(const char* name);
Status seal_memfd(int fd);
Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes);

}  // namespace stapd
