// The functions of the kernel that probes can sit on.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "translator/resolve/btf_catalog.h"

namespace stapd {

struct KernelFunction {
  std::string name;
  btf::Type type;  // with parameters and result; not there when BTF does not know the function
};

// Where the kernel lists its functions; a list that cannot be read is as one that is not there.
struct KernelLists {
  std::string symbols = "/proc/kallsyms";
  std::string traceable = "/sys/kernel/tracing/available_filter_functions";
};

class KernelFunctions {
 public:
  explicit KernelFunctions(btf::Catalog& catalog, KernelLists lists = {})
      : catalog_(catalog), lists_(std::move(lists)) {}

  // By BTF (0.2 ms), and only for what it does not know by the list of symbols (30 ms). A function
  // that the compiler inlined everywhere is in neither.
  std::optional<KernelFunction> find(const std::string& name);

  // By name. With the list of traceable functions, only those of it: what the kernel marks as not
  // to be traced, a wildcard does not mean.
  std::vector<KernelFunction> find_matching(const std::string& pattern);

 private:
  const std::unordered_set<std::string>& symbols();
  btf::Catalog& catalog_;
  KernelLists lists_;
  std::optional<std::unordered_set<std::string>> symbols_;
};

}  // namespace stapd
