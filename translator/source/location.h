// A place in a source file. Lines and columns count from 1; columns count bytes.
#pragma once

#include <cstdint>

namespace stapd {

using FileId = uint32_t;  // index in SourceFiles

struct SourceLocation {
  FileId file = 0;
  uint32_t line = 0;  // 0: no place, e.g. something the translator made
  uint32_t column = 0;
  bool operator==(const SourceLocation&) const = default;
};

}  // namespace stapd
