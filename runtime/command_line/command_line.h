// Command lines by a table: words into options and operands, as getopt_long reads them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace stapd {

struct OptionSpec {
  enum class Argument { none, required, optional };
  int id = 0;
  char letter = 0;             // 0: none
  const char* name = nullptr;  // the long one; nullptr: none
  Argument argument = Argument::none;
  const char* text = "";  // for help

  // As people write it: "-o", or "--root" when there is no letter.
  std::string shown() const;
};

struct GivenOption {
  const OptionSpec* spec = nullptr;
  std::string value;
};

struct CommandLine {
  std::vector<GivenOption> options;  // in their order
  std::vector<std::string> operands;
};

// What the first word that is no option means for those behind it.
enum class AfterOperand { options_too, operands_only };

// Letters cluster, the value of a letter may be the rest of its word, an unambiguous beginning of a
// long name is enough, "--" ends the options.
Result<CommandLine> parse_command_line(std::span<const OptionSpec> specs,
                                       std::span<const std::string> words, AfterOperand rule);

// One line an option.
std::string help_line(const OptionSpec& spec);

}  // namespace stapd
