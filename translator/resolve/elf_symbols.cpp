#include "translator/resolve/elf_symbols.h"

#include <algorithm>
#include <tuple>

#include "translator/arch/machine.h"
#include "translator/resolve/debug_data.h"
#include "translator/resolve/glob.h"

namespace stapd {
namespace {

constexpr size_t kCodeBytes = 16;  // what probe_site_skip needs to see

class Collector {
 public:
  Collector(const ElfFile& file, const std::string& pattern)
      : file_(file), pattern_(pattern), is_glob_(has_wildcard(pattern)) {}

  // Whether `elf` has a table of this type at all.
  bool add_table(Elf* elf, uint32_t type) {
    bool has_table = false;
    Elf_Scn* section = nullptr;
    while ((section = ::elf_nextscn(elf, section))) {
      GElf_Shdr header;
      if (!::gelf_getshdr(section, &header) || header.sh_type != type) continue;
      Elf_Data* data = ::elf_getdata(section, nullptr);
      if (!data) continue;
      has_table = true;
      add_symbols(elf, data, header.sh_link);
    }
    return has_table;
  }

  std::vector<ElfFunction> take() {
    auto key = [](const ElfFunction& f) { return std::tie(f.address, f.name); };
    auto less = [&](const ElfFunction& a, const ElfFunction& b) { return key(a) < key(b); };
    auto same = [&](const ElfFunction& a, const ElfFunction& b) { return key(a) == key(b); };
    std::sort(found_.begin(), found_.end(), less);
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
    return std::move(found_);
  }

 private:
  void add_symbols(Elf* elf, Elf_Data* data, uint32_t strings) {
    GElf_Sym symbol;
    for (int i = 0; ::gelf_getsym(data, i, &symbol); ++i) {
      unsigned type = GELF_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) continue;
      const char* text = ::elf_strptr(elf, strings, symbol.st_name);
      if (!text) continue;
      std::string_view name(text);
      name = name.substr(0, name.find('@'));
      if (name.empty() || !matches(name)) continue;
      auto offset = file_.file_offset_of_code(symbol.st_value);
      if (!offset) continue;
      found_.push_back(
          {std::string(name), symbol.st_value, symbol.st_size, *offset, type == STT_GNU_IFUNC});
    }
  }
  bool matches(std::string_view name) const {
    return is_glob_ ? glob_matches(pattern_, std::string(name)) : name == pattern_;
  }

  const ElfFile& file_;
  const std::string& pattern_;
  bool is_glob_;
  std::vector<ElfFunction> found_;
};

// Missing or broken debug information never hides what the program itself says.
void add_debug_data(const ElfFile& file, Collector& collector) {
  auto image = read_debug_data(file);
  if (!image || image->empty()) return;
  ElfHandle elf(::elf_memory(image->data(), image->size()));
  if (elf && ::elf_kind(elf.get()) == ELF_K_ELF) collector.add_table(elf.get(), SHT_SYMTAB);
}

void add_debug_file(const ElfFile& file, Collector& collector) {
  std::string id = file.build_id();
  if (id.size() < 4) return;
  auto debug = open_debug_file("/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) +
                               ".debug");
  if (debug) collector.add_table(debug->elf.get(), SHT_SYMTAB);
}

}  // namespace

std::vector<ElfFunction> find_functions(const ElfFile& file, const std::string& pattern) {
  Collector collector(file, pattern);
  if (!collector.add_table(file.handle(), SHT_SYMTAB)) {
    collector.add_table(file.handle(), SHT_DYNSYM);
    add_debug_data(file, collector);
    add_debug_file(file, collector);
  }
  return collector.take();
}

uint64_t choose_probe_site(const ElfFile& file, const ElfFunction& function) {
  size_t bytes = function.size ? std::min<size_t>(function.size, kCodeBytes) : kCodeBytes;
  std::string code = file.read(function.offset, bytes);
  const arch::Machine* machine = arch::find_machine_of_elf(file.machine());
  return function.offset +
         machine->probe_site_skip({reinterpret_cast<const uint8_t*>(code.data()), code.size()});
}

}  // namespace stapd
