// The facts of one architecture that the translator needs, in one place: how a probe finds
// registers, arguments and system calls. Plain constant tables; nothing is asked of the host.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace stapd::arch {

// A register in the kernel's struct pt_regs, which is the context of uprobes and kprobes.
struct Register {
  std::string_view name;  // as SystemTap's register("...") calls it
  uint16_t offset;        // in pt_regs
  uint8_t bytes;          // 8, or what a narrower name of it shows: 4, 2, 1
};

struct Machine {
  std::string_view name;            // uname -m
  std::string_view systemtap_name;  // what `arch` is in the preprocessor's conditions
  uint16_t elf_machine;             // EM_*
  uint32_t page_size;               // the smallest; KernelInfo has the running kernel's
  uint16_t pt_regs_size;

  std::span<const Register> registers;
  std::span<const uint16_t> function_arguments;     // offsets in pt_regs, first argument first
  std::span<const uint16_t> system_call_arguments;  // at sys_enter: what the kernel saved
  uint16_t return_value;                            // offset: of functions and system calls
  uint16_t stack_pointer;
  uint16_t instruction_pointer;
  uint16_t frame_pointer;
  uint16_t system_call_number;
  uint32_t compat_status_flag;  // in thread_info's status: the call is one of the other ABI; 0: not
                                // told there
  // On which stack slot past the return address arguments go on; 0: argument N (from 0) that has
  // no register is at [sp + 8 * (N - registers)] at a function's entry.
  uint8_t stack_slots_before_arguments;

  std::span<const uint16_t> dwarf_registers;  // offsets by DWARF's number

  // How many bytes behind a function's entry a probe is better placed, or 0. A probe on an
  // instruction that the kernel does not emulate costs up to 35 times more, and endbr64 is one:
  // behind it, arguments and return address are where they were. `code`: the function's first
  // bytes, 16 are enough.
  unsigned (*probe_site_skip)(std::span<const uint8_t> code);

  std::optional<Register> find_register(std::string_view register_name) const;
  // For locations in debug information.
  std::optional<uint16_t> offset_of_dwarf_register(unsigned number) const;
};

extern const Machine kX86_64;
extern const Machine kAarch64;

// By `uname -m`, and by the ELF header (also EM_386, whose programs x86_64 runs).
const Machine* find_machine(std::string_view uname_machine);
const Machine* find_machine_of_elf(unsigned elf_machine);

}  // namespace stapd::arch
