// process[("path"|pid)].begin and .end: programs that start and end.
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

using Family = ProbeSpec::Family;

DerivedPoint process_point(Components components, Family family) {
  DerivedPoint derived;
  derived.point = point_text(components);
  derived.spec.family = family;
  derived.context = ProgramContext::raw_tracepoint;
  derived.has_variables = true;
  derived.user_space = true;
  return derived;
}

BuildResult build(Components components, BuildContext& context, Family family) {
  DerivedPoint derived = process_point(components, family);
  if (const std::optional<int64_t> pid = number_argument(components, "process")) {
    if (*pid < 1 || *pid > INT32_MAX) return build_error("process pid number out of range", 0);
    derived.spec.pid = static_cast<int32_t>(*pid);
    return BuildResult{{std::move(derived)}};
  }
  const std::optional<std::string> path = text_argument(components, "process");
  if (!path) {  // of the target, or of every process
    if (context.target_pid > 0) derived.spec.pid = static_cast<int32_t>(context.target_pid);
    return BuildResult{{std::move(derived)}};
  }
  const Result<std::vector<std::string>> programs = resolve_program(*path, context.paths);
  if (!programs) return build_error(programs.error().message, 0);
  std::vector<DerivedPoint> points;
  for (const std::string& program : *programs) {
    points.push_back(derived);
    points.back().spec.path = program;
  }
  return points;
}

BuildResult build_begin(Components components, BuildContext& context) {
  return build(components, context, Family::process_begin);
}
BuildResult build_end(Components components, BuildContext& context) {
  return build(components, context, Family::process_end);
}

}  // namespace

std::vector<ProbeFamily> process_families() {
  return {
      {"process.begin", build_begin, Privilege::user},
      {"process(string).begin", build_begin, Privilege::user},
      {"process(number).begin", build_begin, Privilege::user},
      {"process.end", build_end, Privilege::user},
      {"process(string).end", build_end, Privilege::user},
      {"process(number).end", build_end, Privilege::user},
  };
}

}  // namespace stapd::probes
