// The assignments of an INI file, with their places. The one door to inih.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace stapd {

struct IniAssignment {
  std::string section, key, value;
  std::string file;
  int line = 0;

  std::string place() const { return fmt::format("{}:{}", file, line); }
};

// Bytes are not trusted. An error names `file` and the line.
Result<std::vector<IniAssignment>> parse_ini_untrusted(std::string_view text,
                                                       const std::string& file);

}  // namespace stapd
