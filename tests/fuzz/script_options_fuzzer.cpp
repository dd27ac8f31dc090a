// A NAME.options of any bytes: it is refused with a place, or makes a profile that can be used.
#include <bit>

#include "runtime/base/check.h"
#include "runtime/record/record_layout.h"
#include "stapd/profile/script_options.h"

namespace stapd {
namespace {

void run(std::string_view text) {
  Profile profile;
  Status applied = apply_options_untrusted(text, "fuzz.options", profile);
  if (!applied) {
    STAPD_CHECK(applied.error().message.starts_with("fuzz.options:"));
    return;
  }
  for (const std::string& warning : profile.warnings)
    STAPD_CHECK(warning.starts_with("fuzz.options:"));
  STAPD_CHECK(std::has_single_bit(profile.ring_bytes));
  STAPD_CHECK(profile.ring_bytes >= kMinSegmentSize && profile.ring_bytes <= kMaxSegmentSize);
  for (const auto& [name, value] : profile.options.globals) STAPD_CHECK(!name.empty());
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stapd::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
