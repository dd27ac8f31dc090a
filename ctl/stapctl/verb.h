// The verbs of stapctl: a table, and a small file each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ctl/client/stapd_client.h"
#include "ctl/command_line/command_line.h"

namespace stapd::ctl {

// What the command line says, checked against the verb's table.
struct Invocation {
  std::optional<std::string> root;
  CommandLine line;

  const std::vector<std::string>& operands() const { return line.operands; }
  // The last value given, or nothing.
  std::optional<std::string> find(int option) const;
  bool has(int option) const { return find(option).has_value(); }
};

struct Verb {
  static constexpr size_t kAnyNumber = SIZE_MAX;

  const char* name;
  const char* operands;  // for help: "NAME"
  const char* text;
  std::span<const OptionSpec> options;
  bool stap_options = false;  // those of stap, too
  size_t fewest, most;        // operands
  AfterOperand rule;
  Result<int> (*run)(const Invocation&);  // the process's exit status
};

// An error that is the caller's own: exit status 2.
template <class... Args>
tl::unexpected<Error> usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return failf(ErrorCode::invalid_argument, format, std::forward<Args>(args)...);
}

// A line for people, on stderr.
void notice(const std::string& text);

extern const Verb kList, kStatus, kStart, kStop, kReload, kDump, kAttach, kCheck, kCompile;

}  // namespace stapd::ctl
