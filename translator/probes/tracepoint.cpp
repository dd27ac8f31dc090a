// kernel.trace("pattern"): raw tracepoints, with the arguments that BTF says they have.
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

ContextVariable text_variable(std::string name, std::string text) {
  ContextVariable variable;
  variable.name = std::move(name);
  variable.source = ContextVariable::Source::text;
  variable.text = std::move(text);
  variable.in_parameters = false;
  return variable;
}

DerivedPoint derive(Components components, const Tracepoint& tracepoint) {
  DerivedPoint derived;
  derived.point = point_text_with(components, "trace", tracepoint.full_name());
  derived.spec.family = ProbeSpec::Family::tracepoint;
  derived.spec.name = tracepoint.name;
  derived.context = ProgramContext::raw_tracepoint;
  derived.has_variables = true;
  derived.function = tracepoint.name;
  for (size_t i = 0; i < tracepoint.arguments.size(); ++i) {
    ContextVariable variable;
    variable.name = "$" + std::string(tracepoint.arguments[i].name);
    variable.index = static_cast<uint32_t>(i);
    variable.type = tracepoint.arguments[i].type;
    derived.variables.push_back(std::move(variable));
  }
  derived.variables.push_back(text_variable("$$name", tracepoint.name));
  derived.variables.push_back(text_variable("$$system", tracepoint.system));
  return derived;
}

BuildResult build_trace(Components components, BuildContext& context) {
  const std::string pattern = *text_argument(components, "trace");
  if (pattern.empty() || pattern.find(':') == 0 || pattern.ends_with(":"))
    return build_error("invalid tracepoint string provided");
  const Result<std::vector<Tracepoint>> found = context.tracepoints.find(pattern);
  if (!found) return build_error(found.error().message);
  if (found->empty()) return build_error(fmt::format("no tracepoint matches '{}'", pattern), 1);
  std::vector<DerivedPoint> points;
  for (const Tracepoint& tracepoint : *found) points.push_back(derive(components, tracepoint));
  return points;
}

}  // namespace

std::vector<ProbeFamily> tracepoint_families() { return {{"kernel.trace(string)", build_trace}}; }

}  // namespace stapd::probes
