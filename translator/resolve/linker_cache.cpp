// /etc/ld.so.cache in the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h): a header, an
// array of entries, strings. Offsets count from the header.
#include <elf.h>

#include <algorithm>

#include "runtime/base/bytes.h"
#include "translator/resolve/library_path.h"

namespace stapd {
namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr size_t kHeaderSize = 48, kEntrySize = 24;
constexpr uint32_t kGlibc6 = 0x0003;  // entry flags: low byte the C library, above it the machine

uint32_t flags_of(unsigned elf_machine) {
  if (elf_machine == EM_X86_64) return 0x0300 | kGlibc6;
  if (elf_machine == EM_AARCH64) return 0x0a00 | kGlibc6;
  return kGlibc6;  // i386
}

std::string_view text_at(std::string_view cache, uint32_t offset) {
  if (offset >= cache.size()) return {};
  std::string_view rest = cache.substr(offset);
  size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_linker_cache_untrusted(
    std::string_view bytes, unsigned elf_machine) {
  std::vector<std::pair<std::string, std::string>> general, special;
  size_t start = bytes.find(kMagic);  // an old format may come first
  if (start == std::string_view::npos) return general;
  std::string_view cache = bytes.substr(start);
  ByteReader header(cache.substr(kMagic.size()));
  uint32_t entries = header.get<uint32_t>();
  if (cache.size() < kHeaderSize) return general;
  entries = std::min<size_t>(entries, (cache.size() - kHeaderSize) / kEntrySize);
  ByteReader reader(cache.substr(kHeaderSize));
  for (uint32_t i = 0; i < entries; ++i) {
    uint32_t flags = reader.get<uint32_t>();
    std::string_view name = text_at(cache, reader.get<uint32_t>());
    std::string_view path = text_at(cache, reader.get<uint32_t>());
    reader.get<uint32_t>();  // version of the kernel
    uint64_t capabilities = reader.get<uint64_t>();
    if (flags != flags_of(elf_machine) || name.empty() || path.empty()) continue;
    (capabilities == 0 ? general : special).emplace_back(name, path);
  }
  general.insert(general.end(), special.begin(), special.end());
  return general;
}

}  // namespace stapd
