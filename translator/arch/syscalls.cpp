#include "translator/arch/syscalls.h"

#include <algorithm>
#include <utility>

namespace stapd::arch {
namespace {

#define STAPD_SYSTEM_CALL(number, name) {number, #name},
constexpr SystemCall kX86_64Calls[] = {
#include <generated/syscalls_x86_64.def>
};
constexpr SystemCall kI386Calls[] = {
#include <generated/syscalls_i386.def>
};
constexpr SystemCall kAarch64Calls[] = {
#include <generated/syscalls_aarch64.def>
};
#undef STAPD_SYSTEM_CALL

// SYSCALL_DEFINE names that are not the names of the numbers (arch/x86/entry/syscalls).
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"stat", "newstat"},   {"fstat", "newfstat"},      {"lstat", "newlstat"},
    {"uname", "newuname"}, {"sendfile", "sendfile64"}, {"umount2", "umount"},
};

}  // namespace

std::span<const SystemCall> system_calls(const Machine& machine) {
  if (&machine == &kX86_64) return kX86_64Calls;
  if (&machine == &kAarch64) return kAarch64Calls;
  return {};
}

std::span<const SystemCall> compat_system_calls(const Machine& machine) {
  if (&machine == &kX86_64) return kI386Calls;
  return {};
}

std::optional<uint32_t> find_system_call(std::span<const SystemCall> calls, std::string_view name) {
  for (const SystemCall& call : calls) {
    if (call.name == name) return call.number;
  }
  return std::nullopt;
}

std::string_view find_system_call_name(std::span<const SystemCall> calls, uint32_t number) {
  auto found = std::ranges::lower_bound(calls, number, {}, &SystemCall::number);
  return found != calls.end() && found->number == number ? found->name : std::string_view();
}

std::string_view tracefs_name_of_system_call(std::string_view name) {
  for (const auto& [script_name, kernel_name] : kOtherNames) {
    if (script_name == name) return kernel_name;
  }
  return name;
}

}  // namespace stapd::arch
