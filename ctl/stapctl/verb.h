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

// Why a verb failed. When the command line is at fault, the exit status is 2, else 1.
struct VerbError {
  VerbError(Error e, bool usage = false) : error(std::move(e)), is_usage(usage) {}
  Error error;
  bool is_usage;
};
template <class T>
using VerbResult = tl::expected<T, VerbError>;

struct Verb {
  static constexpr size_t kAnyNumber = SIZE_MAX;

  const char* name;
  const char* operands;  // for help: "NAME"
  const char* text;
  std::span<const OptionSpec> options;
  bool stap_options = false;  // those of stap, too
  size_t fewest, most;        // operands
  AfterOperand rule;
  VerbResult<int> (*run)(const Invocation&);  // the process's exit status
  std::span<const OptionSpec> shared = {};    // options that other verbs have, too
};

template <class... Args>
tl::unexpected<VerbError> usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(VerbError(
      {ErrorCode::invalid_argument, fmt::format(format, std::forward<Args>(args)...)}, true));
}

// The value of an option, or of what else is the caller's.
template <class T>
VerbResult<T> from_caller(Result<T> result) {
  if (!result) return tl::unexpected(VerbError(result.error(), true));
  return std::move(*result);
}

// A length of time in ns.
VerbResult<uint64_t> time_argument(const std::string& text);

// A line for people, on stderr.
void notice(const std::string& text);

extern const Verb kList, kStatus, kStart, kRestart, kStop, kReload, kDump, kAttach, kRead, kCheck,
    kCompile;

}  // namespace stapd::ctl
