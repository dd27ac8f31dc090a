#include "ctl/stap/options.h"

#include <sys/resource.h>

#include <cctype>
#include <charconv>
#include <iterator>
#include <sstream>

namespace stapd::ctl {
namespace {

enum class OptionId {
#define STAP_OPTION(id, letter, name, argument, treatment, text) id,
#include "ctl/stap/options.def"
#undef STAP_OPTION
};
enum class Treatment { works, ignored, refused };

constexpr OptionSpec kSpecs[] = {
#define STAP_OPTION(id, letter, name, argument, treatment, text) \
  {static_cast<int>(OptionId::id), letter, name, OptionSpec::Argument::argument, text},
#include "ctl/stap/options.def"
#undef STAP_OPTION
};

constexpr Treatment kTreatments[] = {
#define STAP_OPTION(id, letter, name, argument, treatment, text) Treatment::treatment,
#include "ctl/stap/options.def"
#undef STAP_OPTION
};

Treatment treatment_of(const OptionSpec& option) { return kTreatments[option.id]; }
OptionId id_of(const OptionSpec& option) { return static_cast<OptionId>(option.id); }

template <class T>
Result<T> number(const OptionSpec& option, const std::string& text, T low, T high) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    return failf(ErrorCode::invalid_argument, "option '{}': '{}' is not a number from {} to {}",
                 option.shown(), text, low, high);
  return value;
}

Result<std::pair<std::string, std::string>> assignment(const OptionSpec& option,
                                                       const std::string& text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return failf(ErrorCode::invalid_argument, "option '{}': '{}' is not NAME=VALUE", option.shown(),
                 text);
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

// What SystemTap takes for a name; what it adds itself may be there.
Result<std::string> module_name(const OptionSpec& option, std::string name) {
  if (name.ends_with(".ko")) name.resize(name.size() - 3);
  constexpr size_t kMost = 55;
  bool fits = !name.empty() && name.size() <= kMost;
  for (char c : name) fits &= std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  if (!fits)
    return failf(ErrorCode::invalid_argument,
                 "option '{}': '{}' is not a name of up to {} letters, digits and '_'",
                 option.shown(), name, kMost);
  return name;
}

class OptionReader {
 public:
  Result<StapOptions> read(CommandLine line) {
    for (const GivenOption& given : line.options) STAPD_TRY(apply(*given.spec, given.value));
    options_.compile.arguments = std::move(line.operands);
    STAPD_TRY(check());
    return std::move(options_);
  }

 private:
  Status apply(const OptionSpec& option, const std::string& value) {
    if (treatment_of(option) == Treatment::refused)
      return failf(ErrorCode::unsupported, "option '{}' is not supported: {}", option.shown(),
                   option.text);
    if (treatment_of(option) == Treatment::ignored) {
      options_.notices.push_back(
          fmt::format("option '{}' does nothing: {}", option.shown(), option.text));
      return {};
    }
    CompileOptions& compile = options_.compile;
    switch (id_of(option)) {
      case OptionId::help:
        options_.help = true;
        break;
      case OptionId::version:
        options_.version = true;
        break;
      case OptionId::verbose:
        ++options_.verbosity;
        break;
      case OptionId::pass_verbose:
        for (size_t i = 0; i < 5 && i < value.size(); ++i)
          options_.pass_verbosity[i] = value[i] - '0';
        break;
      case OptionId::timing:
        options_.run.timing = true;
        break;
      case OptionId::last_pass:
        return set(options_.last_pass, number(option, value, 1, 5));
      case OptionId::tapset_path:
        compile.tapset_paths.push_back(value);
        break;
      case OptionId::script:
        options_.script_given = true;
        compile.script_text = value;
        break;
      case OptionId::extra_script:
        compile.extra_scripts.push_back({"<input>", value});
        break;
      case OptionId::output:
        output().path = value;
        break;
      case OptionId::bulk:
        output().bulk = true;
        break;
      case OptionId::file_size:
        return set(output().limits, parse_rotation_limits(value));
      case OptionId::module_name:
        options_.module_named = true;
        return set(options_.run.session_name, module_name(option, value));
      case OptionId::guru:
        compile.guru = true;
        break;
      case OptionId::command:
        options_.run.command = value;
        break;
      case OptionId::target: {
        STAPD_ASSIGN(options_.run.target, number(option, value, 1, 1 << 30));
        break;
      }
      case OptionId::macro: {
        STAPD_ASSIGN(auto pair, assignment(option, value));
        compile.macros.insert_or_assign(pair.first, pair.second);
        break;
      }
      case OptionId::set_global: {
        STAPD_ASSIGN(auto pair, assignment(option, value));
        compile.globals.insert_or_assign(pair.first, pair.second);
        break;
      }
      case OptionId::buffer_size:
        return set(options_.run.buffer_mib, number<uint32_t>(option, value, 1, 4095));
      case OptionId::unoptimized:
        compile.unoptimized = true;
        break;
      case OptionId::no_warnings:
        compile.suppress_warnings = true;
        break;
      case OptionId::warnings_are_errors:
        compile.warnings_are_errors = true;
        break;
      case OptionId::flight_recorder:
        options_.run.mode = RunOptions::Mode::in_memory;
        break;
      case OptionId::list_probes:
        options_.list = value;
        break;
      case OptionId::list_variables:
        options_.list = value;
        options_.list_variables = true;
        break;
      case OptionId::time_limit: {
        STAPD_ASSIGN(int seconds, number(option, value, 1, 1 << 30));
        options_.run.time_limit = seconds;
        break;
      }
      default:
        return apply_long(option, value);
    }
    return {};
  }

  Status apply_long(const OptionSpec& option, const std::string& value) {
    CompileOptions& compile = options_.compile;
    switch (id_of(option)) {
      case OptionId::runtime:
        if (value != "bpf")
          return failf(ErrorCode::unsupported, "option '--runtime={}' is not supported: {}", value,
                       option.text);
        break;
      case OptionId::skip_badvars:
        compile.skip_badvars = true;
        break;
      case OptionId::unprivileged:
        compile.privilege = "stapusr";
        break;
      case OptionId::privilege:
        if (value != "stapusr" && value != "stapsys" && value != "stapdev")
          return failf(ErrorCode::invalid_argument,
                       "option '--privilege': '{}' is none of stapusr, stapsys, stapdev", value);
        compile.privilege = value;
        break;
      case OptionId::compatible:
        compile.compatible = value;
        break;
      case OptionId::dump_probe_types:
        options_.dump = StapOptions::Dump::probe_types;
        break;
      case OptionId::dump_probe_aliases:
        options_.dump = StapOptions::Dump::probe_aliases;
        break;
      case OptionId::dump_functions:
        options_.dump = StapOptions::Dump::functions;
        break;
      case OptionId::suppress_handler_errors:
        compile.suppress_handler_errors = true;
        break;
      case OptionId::suppress_time_limits:
        suppress_time_limits_ = true;
        break;
      case OptionId::color:
        options_.color_always = value.empty() || value == "always";
        options_.color_never = value == "never";
        if (!options_.color_always && !options_.color_never && value != "auto")
          return failf(ErrorCode::invalid_argument,
                       "option '--color': '{}' is none of never, always, auto", value);
        break;
      case OptionId::no_global_var_display:
        compile.show_globals_at_end = false;
        break;
      case OptionId::root:
        options_.run.root = value;
        break;
      case OptionId::example:
        options_.example = true;
        break;
      case OptionId::rlimit_as:
        return add_limit(option, value, RLIMIT_AS);
      case OptionId::rlimit_cpu:
        return add_limit(option, value, RLIMIT_CPU);
      case OptionId::rlimit_stack:
        return add_limit(option, value, RLIMIT_STACK);
      default:
        break;
    }
    return {};
  }

  template <class T, class U>
  static Status set(T& to, Result<U> value) {
    if (!value) return tl::unexpected(value.error());
    to = *value;
    return {};
  }

  OutputFileOptions& output() {
    if (!options_.run.output) options_.run.output.emplace();
    return *options_.run.output;
  }

  Status add_limit(const OptionSpec& option, const std::string& value, int resource) {
    STAPD_ASSIGN(uint64_t most, number<uint64_t>(option, value, 0, UINT64_MAX));
    options_.limits.emplace_back(resource, most);
    return {};
  }

  Status check() {
    STAPD_TRY(check_flight_recorder());
    if (options_.run.command && options_.run.target)
      return fail(ErrorCode::invalid_argument, "-c and -x do not go together");
    if (options_.run.output && options_.run.output->path.empty() && !options_.run.output->bulk)
      return fail(ErrorCode::invalid_argument, "-S needs an output file: -o FILE");
    if (options_.list && (options_.script_given || options_.last_pass != 5))
      return fail(ErrorCode::invalid_argument, "-l and -L go with neither a script nor -p");
    if (suppress_time_limits_) {
      if (!options_.compile.guru)
        return fail(ErrorCode::invalid_argument, "--suppress-time-limits requires guru mode (-g)");
      options_.compile.macros["MAXACTION"] = "2147483647";
      options_.compile.macros["MAXACTION_INTERRUPTIBLE"] = "2147483647";
    }
    bool needs_script = !options_.help && !options_.version && !options_.list &&
                        options_.dump == StapOptions::Dump::none;
    if (options_.script_given) {
      options_.compile.script_name = "<input>";
    } else if (needs_script) {
      if (options_.compile.arguments.empty())
        return fail(ErrorCode::invalid_argument, "a script must be specified");
      options_.compile.script_name = options_.compile.arguments.front();
      options_.compile.arguments.erase(options_.compile.arguments.begin());
    }
    return {};
  }

  Status check_flight_recorder() {
    RunOptions& run = options_.run;
    if (run.mode == RunOptions::Mode::foreground) return {};
    if (run.output && !run.output->path.empty()) run.mode = RunOptions::Mode::daemon;
    if (run.mode == RunOptions::Mode::daemon && run.command)
      return fail(ErrorCode::invalid_argument, "-F with -o does not go together with -c");
    if (run.timing)
      options_.notices.push_back("option '-t' does nothing: with -F nobody is there at the end");
    return {};
  }

  StapOptions options_;
  bool suppress_time_limits_ = false;
};

}  // namespace

std::span<const OptionSpec> stap_option_specs() { return kSpecs; }

Result<StapOptions> read_stap_options(CommandLine line) {
  return OptionReader().read(std::move(line));
}

bool StapOptions::compiles_only() const {
  return !run.output && !run.command && !run.time_limit && !run.timing &&
         run.mode == RunOptions::Mode::foreground && !list && dump == Dump::none && !help &&
         !version && last_pass == 5;
}

std::string stap_help() {
  std::string out =
      "Usage: stap [OPTION...] FILE [ARGUMENT...]\n"
      "   or: stap [OPTION...] -e SCRIPT [ARGUMENT...]\n"
      "   or: stap [OPTION...] -l POINT | -L POINT\n\n";
  for (const OptionSpec& option : kSpecs)
    if (treatment_of(option) == Treatment::works) out += help_line(option);
  return out;
}

}  // namespace stapd::ctl
