// process("path").function("name")[.call|.return]: functions of programs by their symbols.
#include "translator/probes/families.h"
#include "translator/resolve/elf_symbols.h"

namespace stapd::probes {
namespace {

DerivedPoint derive(Components components, const ElfFile& file, const ElfFunction& function,
                    bool is_return) {
  DerivedPoint derived;
  derived.point = point_text_with(components, "function", function.name);
  derived.spec.family = is_return ? ProbeSpec::Family::uretprobe : ProbeSpec::Family::uprobe;
  derived.spec.path = file.path();
  derived.spec.name = function.name;
  // A return probe takes the return address where the function's own first instruction finds it.
  derived.spec.offset = is_return ? function.offset : choose_probe_site(file, function);
  derived.context = ProgramContext::user_registers;
  derived.has_variables = true;
  derived.user_space = true;
  derived.function = function.name;
  derived.is_return = is_return;
  if (is_return) {
    derived.entry = derived.spec;
    derived.entry->family = ProbeSpec::Family::uprobe;
    derived.entry->offset = choose_probe_site(file, function);
  }
  return derived;
}

BuildResult add_functions(Components components, const std::string& path,
                          const std::string& pattern, bool is_return) {
  const Result<ElfFile> file = ElfFile::open(path);
  if (!file) return build_error(file.error().message, 0);
  std::vector<DerivedPoint> points;
  for (const ElfFunction& function : find_functions(*file, pattern)) {
    // A chooser runs once in a program's life, when the dynamic linker binds the function's name.
    if (function.is_chooser) continue;
    points.push_back(derive(components, *file, function, is_return));
  }
  return points;
}

// The programs that a point names: its path, or the target of the session.
tl::expected<std::vector<std::string>, BuildError> programs(Components components,
                                                            BuildContext& context) {
  if (const std::optional<std::string> path = text_argument(components, "process")) {
    Result<std::vector<std::string>> found = resolve_program(*path, context.paths);
    if (!found)
      return tl::unexpected(BuildError{DiagnosticKind::bad_probe_point, found.error().message, 0});
    return std::move(*found);
  }
  if (context.target_path.empty())
    return build_error("unspecified process probe is invalid without a -c COMMAND or -x PID");
  return std::vector<std::string>{context.target_path};
}

BuildResult build_function(Components components, BuildContext& context) {
  const std::string pattern = *text_argument(components, "function");
  if (pattern.find('@') != pattern.npos)
    return not_supported("probe points by source file need the program's debug information");
  const auto paths = programs(components, context);
  if (!paths) return tl::unexpected(paths.error());
  const bool is_return = has_component(components, "return");
  std::vector<DerivedPoint> points;
  for (const std::string& path : *paths) {
    BuildResult found = add_functions(components, path, pattern, is_return);
    if (!found && paths->size() == 1) return found;
    if (!found) continue;  // one of the files that a wildcard matched
    points.insert(points.end(), found->begin(), found->end());
  }
  if (!has_component(components, "process") || points.empty()) {
    if (points.empty()) return build_error(fmt::format("no function matches '{}'", pattern), 1);
  }
  if (!text_argument(components, "process") && context.target_pid > 0)
    for (DerivedPoint& point : points) point.spec.pid = static_cast<int32_t>(context.target_pid);
  return points;
}

}  // namespace

std::vector<ProbeFamily> user_function_families() {
  return {
      {"process.function(string)", build_function, Privilege::user},
      {"process.function(string).call", build_function, Privilege::user},
      {"process.function(string).return", build_function, Privilege::user},
      {"process(string).function(string)", build_function, Privilege::user},
      {"process(string).function(string).call", build_function, Privilege::user},
      {"process(string).function(string).return", build_function, Privilege::user},
  };
}

}  // namespace stapd::probes
