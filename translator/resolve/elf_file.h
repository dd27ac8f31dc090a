// One ELF program or shared library, opened for reading. The file is untrusted: what it says may be
// wrong or missing, never more than that.
#pragma once

#include <gelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

struct ElfCloser {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfCloser>;

// A section that may be absent: then `section` is null.
struct ElfSection {
  Elf_Scn* section = nullptr;
  GElf_Shdr header = {};
};

class ElfFile {
 public:
  // Programs and shared libraries (ET_EXEC, ET_DYN) of a machine that we know.
  static Result<ElfFile> open(const std::string& path);

  const std::string& path() const { return path_; }
  Elf* handle() const { return elf_.get(); }
  unsigned machine() const { return machine_; }  // EM_*

  // Where in the file an address of the program's image lies, if it is in code.
  std::optional<uint64_t> file_offset_of_code(uint64_t address) const;
  // Bytes at an offset of the file: as many as there are, up to `most`.
  std::string read(uint64_t offset, size_t most) const;

  std::string build_id() const;     // in hexadecimal, "" when there is none
  std::string interpreter() const;  // the program's dynamic linker, or ""
  struct Dynamic {
    std::vector<std::string> needed;
    std::string rpath, runpath, soname;
  };
  Dynamic dynamic() const;

 private:
  struct CodeSegment {
    uint64_t address, offset, size;
  };
  ElfFile() = default;
  void read_segments();

  std::string path_;
  UniqueFd fd_;
  ElfHandle elf_;  // after fd_: ends first
  unsigned machine_ = 0;
  std::vector<CodeSegment> code_;
  uint64_t interpreter_offset_ = 0, interpreter_size_ = 0;
};

// A file of debug information beside a program: only its sections are of use.
struct DebugFile {
  UniqueFd fd;
  ElfHandle elf;
};
Result<DebugFile> open_debug_file(const std::string& path);

ElfSection find_section(Elf* elf, std::string_view name);
// The section's bytes, decompressed by nobody; "" when it has none.
std::string_view section_bytes(const ElfSection& section);

bool is_elf_file(const std::string& path);

}  // namespace stapd
