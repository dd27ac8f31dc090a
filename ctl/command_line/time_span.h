// Lengths of time as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace stapd::ctl {

// "5s", "1min", "500ms", "1min 30s", "2.5" (seconds): in ns.
Result<uint64_t> parse_time_span(std::string_view text);

// Short, for tables: "850ms", "12.3s", "4min 10s", "3h", "2d 4h".
std::string time_span_text(uint64_t ns);

}  // namespace stapd::ctl
