// A program image as bytes: pinned beside its session (runtime/load/metadata_pin.h), or in a module
// file. Only the version of this build is read; a session whose image is of another is started
// again.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd {

std::string encode_image(const ProgramImage& image);

// Equal for functions that are equal in everything.
std::string encode_function(const ir::Function& function);

// Bytes from a file are not trusted: whatever they hold, the result is an image that passes
// validate(), or an error (unsupported: another version; corrupt: anything else).
Result<ProgramImage> decode_image_untrusted(std::string_view bytes);

// Whether all that an image says of itself is in range: indexes of maps, formats, globals,
// functions, blocks, registers, source positions; sizes and offsets; operands of operations.
Status validate(const ProgramImage& image);

}  // namespace stapd
