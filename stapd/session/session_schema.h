// What a session's records mean, as its readers get it: whichever build of stapd they are of, they
// need nothing else than this and the maps.
#pragma once

#include <memory>

#include "runtime/base/unique_fd.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/store/schema.h"

namespace stapd {

struct SessionSchema {
  std::shared_ptr<const RecordingInfo> info;
  std::string encoded;  // encode_schema()
  UniqueFd sealed;      // the same in a memfd

  static Result<SessionSchema> make(const ProgramImage& image, const std::string& session);
  // As it was pinned; corrupt when it cannot be read.
  static Result<SessionSchema> open(const MetadataMap& metadata);
};

}  // namespace stapd
