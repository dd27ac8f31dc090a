// CRC-32C (Castagnoli): the checksum of images and of the blocks of recordings.
#pragma once

#include <cstdint>
#include <string_view>

namespace stapd {

// Of `bytes`; `before` is the checksum of what stands before them, to go on with.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace stapd
