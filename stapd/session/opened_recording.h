// What a reader needs to read a recording by itself: descriptors, and what they hold.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/load/recording_maps.h"

namespace stapd {

struct OpenedRecording {
  UniqueFd schema, ring, state;
  uint64_t segment_bytes = 0, state_bytes = 0;
  uint32_t segments = 0;
};

// `schema_fd` is the sealed memfd of the schema.
Result<OpenedRecording> open_for_reading(int schema_fd, const RecordingMaps& maps);

}  // namespace stapd
