// The tracepoints of a kernel: names and typed arguments from BTF, systems from tracefs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "translator/resolve/btf_catalog.h"

namespace stapd {

struct Tracepoint {
  std::string name;    // "sched_switch"
  std::string system;  // "sched"; "" when tracefs is not there, or has no event of this name
  // What a raw tracepoint's program gets: one u64 each. Names are "arg1" ... when BTF has none.
  std::vector<btf::Parameter> arguments;

  std::string full_name() const { return system.empty() ? name : system + ":" + name; }
};

class Tracepoints {
 public:
  // `tracefs`: where it is mounted; need not exist.
  Tracepoints(btf::Catalog& catalog, std::string tracefs)
      : catalog_(catalog), tracefs_(std::move(tracefs)) {}

  // `pattern`: NAME or SYSTEM:NAME, both with wildcards, as in kernel.trace("..."). Sorted by name.
  // Nothing found is an empty list; an error: no BTF, or SYSTEM:* without tracefs. Types of modules
  // are opened when the kernel itself does not have the tracepoint.
  Result<std::vector<Tracepoint>> find(std::string_view pattern);

 private:
  std::optional<Tracepoint> find_exact(const std::string& name);
  std::vector<Tracepoint> find_matching(const std::string& pattern);
  void open_all_modules();
  std::string system_of(const std::string& name);
  void read_systems();

  btf::Catalog& catalog_;
  std::string tracefs_;
  bool modules_opened_ = false;
  std::optional<std::unordered_map<std::string, std::string>> systems_;  // tracepoint -> system
};

}  // namespace stapd
