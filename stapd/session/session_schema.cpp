#include "stapd/session/session_schema.h"

#include <utility>

#include "runtime/load/map_set.h"
#include "stapd/session/sealed_memfd.h"

namespace stapd {
namespace {

Result<SessionSchema> seal(RecordingInfo info, std::string encoded) {
  STAPD_ASSIGN(UniqueFd sealed, sealed_memfd("stapd-schema", encoded));
  return SessionSchema{std::make_shared<const RecordingInfo>(std::move(info)), std::move(encoded),
                       std::move(sealed)};
}

}  // namespace

Result<SessionSchema> SessionSchema::make(const ProgramImage& image, const std::string& session) {
  STAPD_ASSIGN(uint32_t cpus, possible_cpus());
  RecordingInfo info = make_recording_info(image, cpus + 1);
  info.session = session;
  std::string encoded = encode_schema(info);
  return seal(std::move(info), std::move(encoded));
}

Result<SessionSchema> SessionSchema::open(const MetadataMap& metadata) {
  STAPD_ASSIGN(std::string encoded, metadata.read_schema());
  STAPD_ASSIGN(RecordingInfo info, decode_schema_untrusted(encoded));
  return seal(std::move(info), std::move(encoded));
}

}  // namespace stapd
