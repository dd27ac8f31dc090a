// A profile of any bytes: it is refused with a place, or is one that can be used.
#include <bit>

#include "runtime/base/check.h"
#include "runtime/record/record_layout.h"
#include "stapd/profile/profile_keys.h"

namespace stapd {
namespace {

void run(std::string_view text) {
  Result<std::vector<IniAssignment>> assignments = parse_ini_untrusted(text, "fuzz.conf");
  if (!assignments) {
    STAPD_CHECK(assignments.error().message.starts_with("fuzz.conf:"));
    return;
  }
  for (const IniAssignment& assignment : *assignments) STAPD_CHECK(assignment.line > 0);
  Profile profile;
  Status applied = apply_assignments(*assignments, profile);
  if (!applied) {
    STAPD_CHECK(applied.error().message.starts_with("fuzz.conf:"));
    return;
  }
  STAPD_CHECK(std::has_single_bit(profile.ring_bytes));
  STAPD_CHECK(profile.ring_bytes >= kMinSegmentSize && profile.ring_bytes <= kMaxSegmentSize);
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stapd::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
