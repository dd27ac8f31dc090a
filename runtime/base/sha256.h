// SHA-256, to name a script by its text: the same as `sha256sum` says.
#pragma once

#include <string>
#include <string_view>

namespace stapd {

std::string sha256_hex(std::string_view bytes);

}  // namespace stapd
