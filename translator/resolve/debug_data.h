// The small symbol table that distributions embed in stripped programs, compressed with xz.
#pragma once

#include <string>

#include "translator/resolve/elf_file.h"

namespace stapd {

// The ELF image in .gnu_debugdata; "" when there is none. Broken or immoderate data is an error.
Result<std::string> read_debug_data(const ElfFile& file);

}  // namespace stapd
