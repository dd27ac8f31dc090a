// The functions of a program or shared library, by its symbol tables: .symtab, or when that was
// stripped off .dynsym, the compressed .gnu_debugdata, and the debug file that is installed for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "translator/resolve/elf_file.h"

namespace stapd {

struct ElfFunction {
  std::string name;      // without a version, "memcpy" and not "memcpy@@GLIBC_2.14"
  uint64_t address = 0;  // as the program was linked
  uint64_t size = 0;     // 0: not known
  uint64_t offset = 0;   // in the file
  // An IFUNC: what stands here chooses, once and when the program starts, the function that runs.
  bool is_chooser = false;
};

// Functions whose name matches `pattern` (wildcards), by address, then name. One that two tables
// list is given once; different names of one address are all given.
std::vector<ElfFunction> find_functions(const ElfFile& file, const std::string& pattern);

// Where in the file to place a uprobe that stands for the function's entry: see
// arch::Machine::probe_site_skip.
uint64_t choose_probe_site(const ElfFile& file, const ElfFunction& function);

}  // namespace stapd
