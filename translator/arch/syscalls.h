// Names and numbers of system calls, generated at build time from the kernel's headers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "translator/arch/machine.h"

namespace stapd::arch {

struct SystemCall {
  uint16_t number;
  std::string_view name;  // __NR_name
};

// In ascending order of numbers.
std::span<const SystemCall> system_calls(const Machine& machine);
// Those of the 32-bit programs that this machine runs; empty when it runs none.
std::span<const SystemCall> compat_system_calls(const Machine& machine);

std::optional<uint32_t> find_system_call(std::span<const SystemCall> calls, std::string_view name);
std::string_view find_system_call_name(std::span<const SystemCall> calls, uint32_t number);

// The name in tracefs' events/syscalls/sys_enter_NAME, which is that of the kernel's function and
// now and then differs: "stat" is "newstat". The function name of scripts works for both ways.
std::string_view tracefs_name_of_system_call(std::string_view name);

}  // namespace stapd::arch
