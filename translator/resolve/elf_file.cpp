#include "translator/resolve/elf_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "translator/arch/machine.h"

namespace stapd {
namespace {

// Files with more are not made by linkers; each would cost us a look.
constexpr size_t kMostSegments = 4096;
constexpr size_t kMostNeeded = 4096;

Result<UniqueFd> open_regular(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return fail_errno(path, errno);
  struct stat st = {};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(path, errno);
  if (!S_ISREG(st.st_mode)) return failf(ErrorCode::invalid_argument, "{}: not a file", path);
  return fd;
}

// Read, not mapped: a mapped file that somebody cuts short kills us.
Result<ElfHandle> open_elf(int fd, const std::string& path) {
  ::elf_version(EV_CURRENT);
  ElfHandle elf(::elf_begin(fd, ELF_C_READ, nullptr));
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF) {
    return failf(ErrorCode::invalid_argument, "{}: not an ELF file", path);
  }
  return elf;
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::string& path) {
  ElfFile file;
  file.path_ = path;
  STAPD_ASSIGN(file.fd_, open_regular(path));
  STAPD_ASSIGN(file.elf_, open_elf(file.fd_.get(), path));
  GElf_Ehdr header;
  if (!::gelf_getehdr(file.elf_.get(), &header)) {
    return failf(ErrorCode::corrupt, "{}: broken ELF header", path);
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return failf(ErrorCode::invalid_argument, "{}: neither a program nor a shared library", path);
  }
  if (!arch::find_machine_of_elf(header.e_machine)) {
    return failf(ErrorCode::unsupported, "{}: machine {} is not supported", path, header.e_machine);
  }
  file.machine_ = header.e_machine;
  file.read_segments();
  return file;
}

void ElfFile::read_segments() {
  size_t count = 0;
  if (::elf_getphdrnum(elf_.get(), &count) != 0) return;
  count = std::min(count, kMostSegments);
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (!::gelf_getphdr(elf_.get(), static_cast<int>(i), &segment)) continue;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X)) {
      code_.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz});
    } else if (segment.p_type == PT_INTERP) {
      interpreter_offset_ = segment.p_offset;
      interpreter_size_ = segment.p_filesz;
    }
  }
}

std::optional<uint64_t> ElfFile::file_offset_of_code(uint64_t address) const {
  for (const CodeSegment& c : code_) {
    if (address >= c.address && address - c.address < c.size) {
      return address - c.address + c.offset;
    }
  }
  return std::nullopt;
}

std::string ElfFile::read(uint64_t offset, size_t most) const {
  std::string bytes(most, '\0');
  ssize_t n = -1;
  if (offset <= INT64_MAX) {
    n = ::pread(fd_.get(), bytes.data(), most, static_cast<off_t>(offset));
  }
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return bytes;
}

std::string ElfFile::interpreter() const {
  std::string bytes = read(interpreter_offset_, std::min<uint64_t>(interpreter_size_, 4096));
  return bytes.c_str();  // up to its 0
}

std::string ElfFile::build_id() const {
  std::string_view note = section_bytes(find_section(elf_.get(), ".note.gnu.build-id"));
  Elf64_Nhdr header;  // the same in both classes
  if (note.size() < sizeof header) return "";
  std::memcpy(&header, note.data(), sizeof header);
  size_t name_size = (size_t{header.n_namesz} + 3) & ~size_t{3};
  if (header.n_type != NT_GNU_BUILD_ID || header.n_descsz > 64 ||
      note.size() - sizeof header < name_size ||
      note.size() - sizeof header - name_size < header.n_descsz) {
    return "";
  }
  std::string id;
  for (unsigned char byte : note.substr(sizeof header + name_size, header.n_descsz)) {
    id += fmt::format("{:02x}", byte);
  }
  return id;
}

ElfFile::Dynamic ElfFile::dynamic() const {
  Dynamic result;
  Elf_Scn* section = nullptr;
  while ((section = ::elf_nextscn(elf_.get(), section))) {
    GElf_Shdr header;
    if (!::gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC) continue;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data) return result;
    GElf_Dyn entry;
    for (int i = 0; ::gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; ++i) {
      bool is_string = entry.d_tag == DT_NEEDED || entry.d_tag == DT_RPATH ||
                       entry.d_tag == DT_RUNPATH || entry.d_tag == DT_SONAME;
      const char* text =
          is_string ? ::elf_strptr(elf_.get(), header.sh_link, entry.d_un.d_val) : nullptr;
      if (!text) continue;
      if (entry.d_tag == DT_NEEDED && result.needed.size() < kMostNeeded) {
        result.needed.emplace_back(text);
      } else if (entry.d_tag == DT_RPATH) {
        result.rpath = text;
      } else if (entry.d_tag == DT_RUNPATH) {
        result.runpath = text;
      } else if (entry.d_tag == DT_SONAME) {
        result.soname = text;
      }
    }
    return result;
  }
  return result;
}

Result<DebugFile> open_debug_file(const std::string& path) {
  DebugFile file;
  STAPD_ASSIGN(file.fd, open_regular(path));
  STAPD_ASSIGN(file.elf, open_elf(file.fd.get(), path));
  return file;
}

ElfSection find_section(Elf* elf, std::string_view name) {
  size_t names = 0;
  if (::elf_getshdrstrndx(elf, &names) != 0) return {};
  Elf_Scn* section = nullptr;
  while ((section = ::elf_nextscn(elf, section))) {
    GElf_Shdr header;
    if (!::gelf_getshdr(section, &header)) continue;
    const char* text = ::elf_strptr(elf, names, header.sh_name);
    if (text && name == text) return {section, header};
  }
  return {};
}

std::string_view section_bytes(const ElfSection& section) {
  if (!section.section || section.header.sh_type == SHT_NOBITS) return {};
  Elf_Data* data = ::elf_rawdata(section.section, nullptr);
  if (!data || !data->d_buf) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

bool is_elf_file(const std::string& path) {
  auto fd = open_regular(path);
  char magic[SELFMAG] = {};
  return fd && ::pread(fd->get(), magic, SELFMAG, 0) == SELFMAG &&
         std::memcmp(magic, ELFMAG, SELFMAG) == 0;
}

}  // namespace stapd
