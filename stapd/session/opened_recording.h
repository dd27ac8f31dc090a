// What a reader needs to read a recording by itself: descriptors, and what they hold.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"
#include "runtime/load/map_set.h"

namespace stapd {

struct OpenedRecording {
  UniqueFd image, ring, state;
  uint64_t segment_bytes = 0, state_bytes = 0;
  uint32_t segments = 0;
  std::string script_name;
};

// `image_fd` is the sealed memfd of the encoded `image`.
Result<OpenedRecording> open_for_reading(int image_fd, const ProgramImage& image,
                                         const MapSet& maps);

}  // namespace stapd
