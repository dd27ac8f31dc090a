// SystemTap's wildcards in the argument of a probe point: * ? [set], over a whole name.
#pragma once

#include <string>
#include <string_view>

namespace stapd {

inline bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[") != std::string_view::npos;
}

// A `/` is a letter like any other.
bool glob_matches(const std::string& pattern, const std::string& name);

}  // namespace stapd
