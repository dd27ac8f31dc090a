// The shared libraries of a program as its dynamic linker would find them, without running it:
// for process("PATH").library("NAME").
#pragma once

#include <string>
#include <vector>

#include "translator/resolve/elf_file.h"

namespace stapd {

struct Library {
  std::string name;  // as it is asked for: "libc.so.6"
  std::string path;  // without symbolic links
};

// All libraries that the program needs, those of its libraries too, and the dynamic linker.
// Ones that are not found are left out. What $LD_LIBRARY_PATH and dlopen() add is not known.
std::vector<Library> needed_libraries(const ElfFile& program);

// `name`: a path (with `/`, wildcards allowed), or the name or pattern of a needed library.
Result<std::vector<std::string>> resolve_library(const ElfFile& program, const std::string& name,
                                                 const std::string& working_directory);

// /etc/ld.so.cache, which is untrusted: name -> path of the libraries of an ELF machine, the
// general variants before those for some processors.
std::vector<std::pair<std::string, std::string>> parse_linker_cache_untrusted(
    std::string_view bytes, unsigned elf_machine);

}  // namespace stapd
