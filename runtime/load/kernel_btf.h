// The little BTF that the kernel wants of us: a function type for each subprogram, because helpers
// that call back (bpf_loop, for_each_map_elem) need programs with function information.
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/image/program_image.h"

namespace stapd {

struct SubprogramBtf {
  UniqueFd fd;
  std::vector<uint32_t> func_info;  // pairs: first instruction, type id
};

Result<SubprogramBtf> load_subprogram_btf(const ProgramSpec& program);

}  // namespace stapd
