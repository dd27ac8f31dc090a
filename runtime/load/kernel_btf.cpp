#include "runtime/load/kernel_btf.h"

#include <bpf/btf.h>

#include <memory>

namespace stapd {

Result<SubprogramBtf> load_subprogram_btf(const ProgramSpec& program) {
  std::unique_ptr<btf, decltype(&btf__free)> types(btf__new_empty(), btf__free);
  if (!types) return fail_errno("BTF", errno);
  int number = btf__add_int(types.get(), "long", 8, BTF_INT_SIGNED);
  SubprogramBtf result;
  for (size_t i = 0; i < program.subprograms.size(); ++i) {
    int prototype = btf__add_func_proto(types.get(), number);
    // Static functions are checked with what their callers pass; the parameters are for readers.
    if (i > 0)
      for (const char* name : {"a", "b", "c", "d"}) btf__add_func_param(types.get(), name, number);
    std::string name = i == 0 ? "handler" : "sub" + std::to_string(i);
    int func = btf__add_func(types.get(), name.c_str(), BTF_FUNC_STATIC, prototype);
    if (func < 0) return fail_errno("BTF", -func);
    result.func_info.push_back(program.subprograms[i]);
    result.func_info.push_back(static_cast<uint32_t>(func));
  }
  if (int error = btf__load_into_kernel(types.get()); error < 0)
    return fail_errno("loading BTF", -error);
  // The descriptor is the BTF object's own; it is closed with it.
  result.fd = UniqueFd(dup(btf__fd(types.get())));
  return result;
}

}  // namespace stapd
