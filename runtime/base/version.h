#pragma once

namespace stapd {

// CMakeLists.txt reads it from here.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace stapd
