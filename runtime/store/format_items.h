// Record formats as items of a schema block.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/record/record_format.h"

namespace stapd {

std::string encode_format(const RecordFormat& format);
// Nothing when the bytes are no format, or one that makes no sense.
std::optional<RecordFormat> decode_format_untrusted(std::string_view bytes);

}  // namespace stapd
