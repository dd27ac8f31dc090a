// Words of a profile's values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace stapd {

// Split at spaces; in quotes spaces are kept.
Result<std::vector<std::string>> split_words(std::string_view value);

}  // namespace stapd
