#include "translator/arch/machine.h"

#include <elf.h>

namespace stapd::arch {

std::optional<Register> Machine::find_register(std::string_view register_name) const {
  for (const Register& r : registers) {
    if (r.name == register_name) return r;
  }
  return std::nullopt;
}

std::optional<uint16_t> Machine::offset_of_dwarf_register(unsigned number) const {
  if (number >= dwarf_registers.size()) return std::nullopt;
  return dwarf_registers[number];
}

const Machine* find_machine(std::string_view uname_machine) {
  if (uname_machine == kX86_64.name) return &kX86_64;
  if (uname_machine == kAarch64.name) return &kAarch64;
  return nullptr;
}

const Machine* find_machine_of_elf(unsigned elf_machine) {
  if (elf_machine == EM_X86_64 || elf_machine == EM_386) return &kX86_64;
  if (elf_machine == EM_AARCH64) return &kAarch64;
  return nullptr;
}

}  // namespace stapd::arch
