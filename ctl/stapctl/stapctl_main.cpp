#include "ctl/stapctl/stapctl_main.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ctl/stap/options.h"
#include "ctl/stapctl/reading_options.h"
#include "ctl/stapctl/verb.h"
#include "runtime/base/spelling.h"
#include "runtime/base/units.h"
#include "runtime/base/version.h"

namespace stapd::ctl {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

enum GlobalOption { kHelp = 2000, kShowVersion, kRoot };
constexpr OptionSpec kHelpOption = {kHelp, 'h', "help", OptionSpec::Argument::none, "this help"};
constexpr OptionSpec kVersionOption = {kShowVersion, 'V', "version", OptionSpec::Argument::none,
                                       "the version of stapctl"};
constexpr OptionSpec kRootOption = {kRoot, 0, "root", OptionSpec::Argument::required,
                                    "talk to the stapd that runs with this --root"};

const Verb* const kVerbs[] = {&kList,    &kStatus, &kDump,   &kAttach, &kRead,   &kStart,
                              &kRestart, &kStop,   &kReload, &kCheck,  &kCompile};

const Verb* find_verb(const std::string& name) {
  for (const Verb* verb : kVerbs)
    if (verb->name == name) return verb;
  return nullptr;
}

void print_help() {
  std::string text = "usage: stapctl [--root=DIR] VERB ...\n\n";
  for (const Verb* verb : kVerbs) {
    text += fmt::format("  {} {:<{}} {}\n", verb->name, verb->operands,
                        std::max<int>(0, 27 - static_cast<int>(std::string(verb->name).size())),
                        verb->text);
    for (const OptionSpec& option : verb->options) text += "    " + help_line(option).substr(2);
  }
  text += "  version                      the version of stapctl\n\nWith dump, attach and read:\n";
  for (const OptionSpec& option : reading_option_specs()) text += help_line(option);
  text += "\nWith every verb:\n" + help_line(kRootOption);
  text += "\nTimes are 500ms, 5s, 2min, 1h, or seconds. More about one verb: stapctl help VERB\n";
  std::fputs(text.c_str(), stdout);
}

// Of one verb alone.
void print_help_of(const Verb& verb) {
  std::string text =
      fmt::format("usage: stapctl {} {}\n\n{}\n\n", verb.name, verb.operands, verb.text);
  for (std::span<const OptionSpec> table : {verb.options, verb.shared})
    for (const OptionSpec& option : table) text += help_line(option);
  text += help_line(kRootOption);
  if (verb.stap_options) text += "\nand the options of compiling that stap has: stap --help\n";
  if (!verb.shared.empty()) text += "\nTimes are 500ms, 5s, 2min, 1h, or seconds.\n";
  std::fputs(text.c_str(), stdout);
}

int usage_failure(const std::string& message) {
  std::fprintf(stderr, "stapctl: %s\nTry 'stapctl help'.\n", message.c_str());
  return kUsage;
}

// What to do next, for the errors that have an obvious answer.
std::string hint_for(const Error& error, const Invocation& invocation) {
  bool elsewhere = invocation.root && *invocation.root != "/";
  std::string root = elsewhere ? " --root=" + *invocation.root : "";
  if (error.code == ErrorCode::busy && elsewhere)
    return "is it running? stapd" + root + " --bus=none";
  if (error.code == ErrorCode::busy) return "is stapd running? systemctl start stapd";
  if (error.code == ErrorCode::permission_denied)
    return "your groups are those of your login: id -nG";
  return "";
}

int failure(const Error& error, const Invocation& invocation) {
  std::fprintf(stderr, "stapctl: %s\n", error.message.c_str());
  std::string hint = hint_for(error, invocation);
  if (!hint.empty()) std::fprintf(stderr, "%s\n", hint.c_str());
  return kFailed;
}

const OptionSpec* find_spec(const Verb& verb, std::span<const OptionSpec> of_stap, int id) {
  for (std::span<const OptionSpec> table : {verb.options, verb.shared, of_stap})
    for (const OptionSpec& spec : table)
      if (spec.id == id) return &spec;
  return &kRootOption;
}

VerbResult<CommandLine> parse(const Verb& verb, std::span<const std::string> words) {
  std::span<const OptionSpec> of_stap;
  if (verb.stap_options) of_stap = stap_option_specs();
  std::vector<OptionSpec> specs(verb.options.begin(), verb.options.end());
  specs.insert(specs.end(), verb.shared.begin(), verb.shared.end());
  specs.push_back(kRootOption);
  specs.insert(specs.end(), of_stap.begin(), of_stap.end());
  STAPD_ASSIGN(CommandLine line, from_caller(parse_command_line(specs, words, verb.rule)));
  // The table of this function ends with it.
  for (GivenOption& option : line.options) option.spec = find_spec(verb, of_stap, option.spec->id);
  if (line.operands.size() < verb.fewest || line.operands.size() > verb.most)
    return usage_error("usage: stapctl {}{}{}", verb.name, *verb.operands ? " " : "",
                       verb.operands);
  return line;
}

int run_verb(const Verb& verb, std::span<const std::string> words, Invocation invocation) {
  VerbResult<CommandLine> line = parse(verb, words);
  if (!line) return usage_failure(line.error().error.message);
  invocation.line = std::move(*line);
  if (auto root = invocation.find(kRoot)) invocation.root = root;
  VerbResult<int> status = verb.run(invocation);
  if (!status && status.error().is_usage) return usage_failure(status.error().error.message);
  if (!status) return failure(status.error().error, invocation);
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return failure({ErrorCode::io, fmt::format("writing the output: {}", std::strerror(errno))},
                   invocation);
  return *status;
}

int no_verb(const std::string& name) {
  std::vector<std::string> names = {"help", "version"};
  for (const Verb* verb : kVerbs) names.emplace_back(verb->name);
  std::string nearest = nearest_name(name, names);
  return usage_failure(
      fmt::format("there is no verb '{}'{}", name,
                  nearest.empty() ? "" : fmt::format(": did you mean '{}'?", nearest)));
}

// `help`, or `help VERB`.
int help(std::span<const std::string> words) {
  if (words.empty()) {
    print_help();
    return 0;
  }
  const Verb* verb = find_verb(words[0]);
  if (!verb) return no_verb(words[0]);
  print_help_of(*verb);
  return 0;
}

int print_version() {
  std::printf("stapctl (stapd) %s\n", kVersion);
  return 0;
}

}  // namespace

std::optional<std::string> Invocation::find(int option) const {
  std::optional<std::string> value;
  for (const GivenOption& given : line.options)
    if (given.spec->id == option) value = given.value;
  return value;
}

VerbResult<uint64_t> time_argument(const std::string& text) {
  Result<uint64_t> ns = parse_duration(text);
  if (!ns) return usage_error("'{}' is not a time: write 500ms, 5s, 2min or 1h", text);
  return *ns;
}

void notice(const std::string& text) { std::fprintf(stderr, "stapctl: %s\n", text.c_str()); }

int stapctl_main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const OptionSpec specs[] = {kHelpOption, kVersionOption, kRootOption};
  Result<CommandLine> line = parse_command_line(specs, words, AfterOperand::operands_only);
  if (!line) return usage_failure(line.error().message);
  Invocation invocation;
  for (const GivenOption& option : line->options) {
    if (option.spec->id == kRoot) invocation.root = option.value;
    if (option.spec->id == kShowVersion) return print_version();
    if (option.spec->id == kHelp) line->operands = {"help"};
  }
  if (line->operands.empty()) return usage_failure("which verb?");
  const std::string& name = line->operands[0];
  if (name == "version") return print_version();
  std::span<const std::string> rest = std::span(line->operands).subspan(1);
  if (name == "help") return help(rest);
  const Verb* verb = find_verb(name);
  if (!verb) return no_verb(name);
  bool wants_help = !rest.empty() && rest.back() == "--help";
  if (wants_help) return help({&name, 1});
  return run_verb(*verb, rest, std::move(invocation));
}

}  // namespace stapd::ctl
