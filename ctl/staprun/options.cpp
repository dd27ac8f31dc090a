#include "ctl/staprun/options.h"

#include <charconv>
#include <filesystem>
#include <set>

#include "runtime/image/module_file.h"

namespace stapd::ctl {
namespace {

enum class OptionId {
#define STAPRUN_OPTION(id, letter, argument, treatment, text) id,
#include "ctl/staprun/options.def"
#undef STAPRUN_OPTION
  root,  // ours
};
enum class Treatment { works, ignored, refused };

constexpr OptionSpec kSpecs[] = {
#define STAPRUN_OPTION(id, letter, argument, treatment, text) \
  {static_cast<int>(OptionId::id), letter, nullptr, OptionSpec::Argument::argument, text},
#include "ctl/staprun/options.def"
#undef STAPRUN_OPTION
    {static_cast<int>(OptionId::root), 0, "root", OptionSpec::Argument::required,
     "the session is one of the stapd of this --root"},
};

constexpr Treatment kTreatments[] = {
#define STAPRUN_OPTION(id, letter, argument, treatment, text) Treatment::treatment,
#include "ctl/staprun/options.def"
#undef STAPRUN_OPTION
    Treatment::works,
};

using Task = StaprunOptions::Task;
using Mode = RunOptions::Mode;

template <class T>
Status number(T& to, const OptionSpec& option, const std::string& text, T low, T high) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (error == std::errc{} && end == text.data() + text.size() && to >= low && to <= high)
    return {};
  return failf(ErrorCode::invalid_argument, "option '{}': '{}' is not a number from {} to {}",
               option.shown(), text, low, high);
}

class OptionReader {
 public:
  Result<StaprunOptions> read(CommandLine line) {
    for (const GivenOption& given : line.options) STAPD_TRY(take(*given.spec, given.value));
    if (options_.task == Task::help || options_.task == Task::version) return options_;
    STAPD_TRY(check());
    STAPD_TRY(take_operands(std::move(line.operands)));
    return std::move(options_);
  }

 private:
  Status take(const OptionSpec& option, const std::string& value) {
    Treatment treatment = kTreatments[option.id];
    if (treatment == Treatment::refused)
      return failf(ErrorCode::unsupported, "option '{}' is not supported: {}", option.shown(),
                   option.text);
    if (treatment == Treatment::ignored)
      options_.notices.push_back(
          fmt::format("option '{}' does nothing: {}", option.shown(), option.text));
    given_.insert(static_cast<OptionId>(option.id));
    return apply(option, value);
  }

  Status apply(const OptionSpec& option, const std::string& value) {
    RunOptions& run = options_.run;
    switch (static_cast<OptionId>(option.id)) {
      case OptionId::verbose:
        run.verbose = true;
        break;
      case OptionId::version:
        options_.task = Task::version;
        break;
      case OptionId::help:
        options_.task = Task::help;
        break;
      case OptionId::no_warnings:
        run.suppress_warnings = true;
        break;
      case OptionId::command:
        run.command = value;
        break;
      case OptionId::target:
        return number(run.target.emplace(), option, value, 1, 1 << 30);
      case OptionId::attach:
        options_.task = Task::attach;
        break;
      case OptionId::load_only:
        run.mode = Mode::in_memory;
        break;
      case OptionId::daemon:
        run.mode = Mode::daemon;
        break;
      case OptionId::remove:
        options_.task = Task::remove;
        break;
      case OptionId::buffer_size:
        return number<uint32_t>(run.buffer_mib, option, value, 1, 4095);
      case OptionId::output:
        output().path = value;
        break;
      case OptionId::file_size: {
        STAPD_ASSIGN(output().limits, parse_rotation_limits(value));
        break;
      }
      case OptionId::unique_name:
        options_.unique_name = true;
        break;
      case OptionId::poll: {
        uint64_t ms = 0;
        STAPD_TRY(number<uint64_t>(ms, option, value, 1, 1 << 30));
        run.poll_ns = ms * 1'000'000;
        break;
      }
      case OptionId::root:
        run.root = value;
        break;
      default:
        break;
    }
    return {};
  }

  OutputFileOptions& output() {
    if (!options_.run.output) options_.run.output.emplace();
    return *options_.run.output;
  }

  bool has(OptionId id) const { return given_.count(id) > 0; }

  // As SystemTap's own.
  Status check() const {
    struct Conflict {
      OptionId one, other;
      const char* text;
    };
    constexpr Conflict kConflicts[] = {
        {OptionId::attach, OptionId::load_only, "-A and -L do not go together"},
        {OptionId::attach, OptionId::buffer_size, "-A and -b do not go together"},
        {OptionId::attach, OptionId::command, "-A and -c do not go together"},
        {OptionId::attach, OptionId::target, "-A and -x do not go together"},
        {OptionId::attach, OptionId::remove, "-A and -d do not go together"},
        {OptionId::attach, OptionId::daemon, "-A and -D do not go together"},
        {OptionId::command, OptionId::target, "-c and -x do not go together"},
        {OptionId::daemon, OptionId::load_only, "-D and -L do not go together"},
        {OptionId::daemon, OptionId::remove, "-D and -d do not go together"},
        {OptionId::daemon, OptionId::command, "-D and -c do not go together"},
    };
    for (const Conflict& conflict : kConflicts)
      if (has(conflict.one) && has(conflict.other))
        return fail(ErrorCode::invalid_argument, conflict.text);
    if (has(OptionId::daemon) && !has(OptionId::output))
      return fail(ErrorCode::invalid_argument, "-D needs an output file: -o FILE");
    if (has(OptionId::file_size) && !has(OptionId::output))
      return fail(ErrorCode::invalid_argument, "-S needs an output file: -o FILE");
    return {};
  }

  // A session's name may be written as the file that it was loaded from.
  Status take_operands(std::vector<std::string> operands) {
    if (operands.empty())
      return fail(ErrorCode::invalid_argument, "the name of a module is needed");
    options_.module = std::move(operands.front());
    operands.erase(operands.begin());
    if (options_.task == Task::load) {
      options_.assignments = std::move(operands);
      return {};
    }
    if (!operands.empty())
      return failf(ErrorCode::invalid_argument, "'{}': globals are set when a module is loaded",
                   operands.front());
    std::string name = std::filesystem::path(options_.module).filename().string();
    for (const char* suffix : {kModuleSuffix, ".ko"})
      if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
    options_.module = name;
    return {};
  }

  StaprunOptions options_;
  std::set<OptionId> given_;
};

}  // namespace

Result<StaprunOptions> read_staprun_options(const std::vector<std::string>& words) {
  STAPD_ASSIGN(CommandLine line, parse_command_line(kSpecs, words, AfterOperand::options_too));
  return OptionReader().read(std::move(line));
}

std::string staprun_help() {
  std::string out =
      "Usage: staprun [OPTION...] MODULE [GLOBAL=VALUE...]\n"
      "   or: staprun -A|-d [OPTION...] NAME\n\n";
  for (const OptionSpec& option : kSpecs)
    if (kTreatments[option.id] == Treatment::works) out += help_line(option);
  out +=
      "\nMODULE is a file that stap -p4 -m NAME made, or the name of one in\n"
      "/lib/modules/RELEASE/systemtap. While it is shown, ^\\ leaves a session recording, and ^C "
      "ends it.\n";
  return out;
}

}  // namespace stapd::ctl
