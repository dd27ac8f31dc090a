// Programs and libraries that are not what they should be, and /etc/ld.so.cache.
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/base/unique_fd.h"
#include "tests/fuzz/fuzzer.h"
#include "translator/resolve/debug_data.h"
#include "translator/resolve/elf_symbols.h"
#include "translator/resolve/library_path.h"

namespace stapd {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<std::string> test::fuzz_seeds() {
  return {slurp(STAPD_ELF_LIBRARY), slurp(STAPD_ELF_PROGRAM),
          slurp(STAPD_ELF_FOLDER "/stripped.so"), slurp(STAPD_ELF_FOLDER "/embedded.so")};
}

}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stapd;
  (void)parse_linker_cache_untrusted({reinterpret_cast<const char*>(data), size}, EM_X86_64);
  UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  auto file = ElfFile::open("/proc/self/fd/" + std::to_string(fd.get()));
  if (!file) return 0;
  for (const ElfFunction& f : find_functions(*file, "*")) (void)choose_probe_site(*file, f);
  (void)file->dynamic();
  (void)file->build_id();
  (void)file->interpreter();
  (void)needed_libraries(*file);
  return 0;
}
