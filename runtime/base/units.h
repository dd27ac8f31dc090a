// Sizes and times as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace stapd {

// "64K", "1M", "2G", "1T", plain bytes without a unit; "KiB" and "KB" mean K.
Result<uint64_t> parse_size(std::string_view text);
// "5s", "1min 30s", "2h", "2.5s"; seconds without a unit. In ns.
Result<uint64_t> parse_duration(std::string_view text);
// Short: "850ms", "12.3s", "4min 10s", "3h", "2d 4h".
std::string duration_text(uint64_t ns);
// "yes", "no", and the other words of systemd.
Result<bool> parse_boolean(std::string_view text);

}  // namespace stapd
