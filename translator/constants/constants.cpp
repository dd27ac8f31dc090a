#include "translator/constants/constants.h"

#include "translator/arch/syscalls.h"

// Of the generated file: names in order, each with its 0; where each name starts; their values.
extern const char stapd_constant_names[];
extern const unsigned stapd_constant_offsets[];
extern const long long stapd_constant_values[];
extern const unsigned stapd_constant_count;

namespace stapd {
namespace {

constexpr std::string_view kSystemCall = "__NR_", kCompat = "__NR_compat_";

std::string_view name_at(uint32_t index) {
  return &stapd_constant_names[stapd_constant_offsets[index]];
}

// The first name that is not before `name`.
uint32_t lower_bound(std::string_view name) {
  uint32_t low = 0, high = stapd_constant_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (name_at(middle) < name)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const arch::Machine& own_machine() {
#ifdef __aarch64__
  return arch::kAarch64;
#else
  return arch::kX86_64;
#endif
}

}  // namespace

std::optional<int64_t> find_constant(std::string_view name) {
  if (name.starts_with(kCompat)) {
    return arch::find_system_call(arch::compat_system_calls(own_machine()),
                                  name.substr(kCompat.size()));
  }
  if (name.starts_with(kSystemCall)) {
    return arch::find_system_call(arch::system_calls(own_machine()),
                                  name.substr(kSystemCall.size()));
  }
  uint32_t index = lower_bound(name);
  if (index == stapd_constant_count || name_at(index) != name) return std::nullopt;
  return stapd_constant_values[index];
}

std::string_view find_constant_name(std::string_view prefix, int64_t value) {
  for (uint32_t i = lower_bound(prefix); i < stapd_constant_count; ++i) {
    if (!name_at(i).starts_with(prefix)) break;
    if (stapd_constant_values[i] == value) return name_at(i);
  }
  return {};
}

uint32_t constant_count() { return stapd_constant_count; }

}  // namespace stapd
