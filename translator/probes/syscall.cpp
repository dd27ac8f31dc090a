// __syscall("name")[.return]: entry and return of one system call. Not for scripts, but what the
// tapset's syscall.* aliases are made of.
#include "translator/arch/syscalls.h"
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

constexpr uint32_t kArguments = 6;

ContextVariable argument(std::string name, uint32_t index) {
  ContextVariable variable;
  variable.name = std::move(name);
  variable.index = index;
  return variable;
}

DerivedPoint derive(Components components, const arch::Machine& machine, const std::string& name,
                    uint32_t number, bool is_return) {
  DerivedPoint derived;
  derived.point = point_text(components);
  derived.spec.family = is_return ? ProbeSpec::Family::syscall_return : ProbeSpec::Family::syscall;
  derived.spec.name = arch::tracefs_name_of_system_call(name);
  derived.spec.syscall_number = number;
  derived.context = ProgramContext::syscall_tracepoint;
  derived.has_variables = true;
  derived.user_space = true;
  derived.function = name;
  derived.is_return = is_return;
  std::vector<ContextVariable> arguments, saved;
  for (uint32_t i = 0; i < kArguments; ++i) {
    arguments.push_back(argument(fmt::format("$arg{}", i + 1), i));
    saved.push_back(arguments.back());
    saved.back().source = ContextVariable::Source::user_register;
    saved.back().index = machine.system_call_arguments[i];
  }
  if (!is_return) {
    derived.variables = std::move(arguments);
    return derived;
  }
  // Until it returns, the registers of the call are kept: @entry() is only for what they point at.
  derived.variables = std::move(saved);
  derived.variables.push_back(argument("$return", 0));
  derived.entry = derived.spec;
  derived.entry->family = ProbeSpec::Family::syscall;
  derived.entry_variables = std::move(arguments);
  return derived;
}

BuildResult build_syscall(Components components, BuildContext& context) {
  const std::string name = *text_argument(components, "__syscall");
  const std::optional<uint32_t> number =
      arch::find_system_call(arch::system_calls(context.machine), name);
  if (!number) return build_error(fmt::format("no system call '{}' on this machine", name), 0);
  return BuildResult{
      {derive(components, context.machine, name, *number, has_component(components, "return"))}};
}

}  // namespace

std::vector<ProbeFamily> syscall_families() {
  return {{"__syscall(string)", build_syscall}, {"__syscall(string).return", build_syscall}};
}

}  // namespace stapd::probes
