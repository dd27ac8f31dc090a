// A compiled script in a file of its own: what `stap -p4 -m NAME` leaves, and staprun loads. Its
// programs know where the kernel that it was made for has its data, and the probed programs their
// code: it says which these are.
#pragma once

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"

namespace stapd {

constexpr char kModuleSuffix[] = ".stpd";

struct ModuleFile {
  std::string kernel_release;
  std::string kernel_types;  // a hash of its BTF, hex
  struct ProbedFile {
    std::string path;
    uint64_t size = 0, modified_ns = 0;
  };
  std::vector<ProbedFile> files;
  bool bulk = false;  // -b
  ProgramImage image;
};

std::string encode_module(const ModuleFile& module);
// Whatever the bytes hold: a module with a valid image, or an error.
Result<ModuleFile> decode_module_untrusted(std::string_view bytes);

// Another start value for a scalar global, as `staprun MODULE NAME=VALUE` says.
Status assign_global(ProgramImage& image, const std::string& name, const std::string& value);

}  // namespace stapd
