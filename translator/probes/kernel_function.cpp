// kernel.function("name")[.call|.return]: functions of the kernel by their symbols.
#include "translator/probes/families.h"
#include "translator/resolve/glob.h"

namespace stapd::probes {
namespace {

ContextVariable register_variable(std::string name, uint16_t offset, btf::Type type) {
  ContextVariable variable;
  variable.name = std::move(name);
  variable.source = ContextVariable::Source::register_;
  variable.index = offset;
  variable.type = type;
  return variable;
}

// Those that are passed in registers: the others are on a stack that is not read yet.
std::vector<ContextVariable> parameters_of(const KernelFunction& function,
                                           const arch::Machine& machine) {
  std::vector<ContextVariable> variables;
  const std::vector<btf::Parameter> parameters = function.type.parameters();
  for (size_t i = 0; i < parameters.size() && i < machine.function_arguments.size(); ++i) {
    if (parameters[i].name.empty()) continue;
    variables.push_back(register_variable("$" + std::string(parameters[i].name),
                                          machine.function_arguments[i], parameters[i].type));
  }
  return variables;
}

DerivedPoint derive(Components components, const KernelFunction& function, bool is_return,
                    const arch::Machine& machine) {
  DerivedPoint derived;
  derived.point = point_text_with(components, "function", function.name);
  derived.spec.family = is_return ? ProbeSpec::Family::kretprobe : ProbeSpec::Family::kprobe;
  derived.spec.name = function.name;
  derived.context = ProgramContext::kernel_registers;
  derived.has_variables = true;
  derived.function = function.name;
  derived.is_return = is_return;
  if (!is_return) {
    derived.variables = parameters_of(function, machine);
    return derived;
  }
  const btf::Type result = function.type.result();
  if (result && result.kind() != btf::Kind::void_)
    derived.variables.push_back(register_variable("$return", machine.return_value, result));
  derived.entry = derived.spec;
  derived.entry->family = ProbeSpec::Family::kprobe;
  derived.entry_variables = parameters_of(function, machine);
  return derived;
}

BuildResult build_function(Components components, BuildContext& context) {
  const std::string pattern = *text_argument(components, "function");
  if (pattern.find('@') != pattern.npos)
    return not_supported("probe points by source file need the kernel's debug information");
  const bool is_return = has_component(components, "return");
  std::vector<KernelFunction> found;
  if (has_wildcard(pattern))
    found = context.functions.find_matching(pattern);
  else if (const std::optional<KernelFunction> function = context.functions.find(pattern))
    found.push_back(*function);
  if (found.empty()) return build_error(fmt::format("no function matches '{}'", pattern), 1);
  std::vector<DerivedPoint> points;
  for (const KernelFunction& function : found)
    points.push_back(derive(components, function, is_return, context.machine));
  return points;
}

}  // namespace

std::vector<ProbeFamily> kernel_function_families() {
  return {
      {"kernel.function(string)", build_function},
      {"kernel.function(string).call", build_function},
      {"kernel.function(string).return", build_function},
  };
}

}  // namespace stapd::probes
