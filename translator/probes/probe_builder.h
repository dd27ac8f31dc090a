// A probe family: how one form of probe point becomes derived probes, and which target variables
// its handlers have. One file a family, all listed in builders.cpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/image/program_image.h"
#include "translator/arch/machine.h"
#include "translator/ast/ast.h"
#include "translator/resolve/btf_catalog.h"
#include "translator/resolve/kernel_functions.h"
#include "translator/resolve/kernel_info.h"
#include "translator/resolve/program_path.h"
#include "translator/resolve/tracepoints.h"

namespace stapd::probes {

// A target variable of a derived probe.
struct ContextVariable {
  enum class Source : uint8_t {
    raw_argument,   // `index`: see ir::Op::argument
    register_,      // `index`: byte offset in pt_regs
    user_register,  // `index`: likewise, as saved when the task entered the kernel
    text,           // `text`: known when the script is translated
  };
  std::string name;  // with its $
  Source source = Source::raw_argument;
  uint32_t index = 0;
  std::string text;
  btf::Type type;             // not there: a plain integer
  bool in_parameters = true;  // listed by $$parms; all but texts are by $$vars
};

// One place that a handler sits on.
struct DerivedPoint {
  std::string point;  // as pp() says it; components without what matched them
  ProbeSpec spec;
  ProgramContext context = ProgramContext::raw_tracepoint;
  std::vector<ContextVariable> variables;
  bool has_variables = false;  // the family has target variables, though this point may have none
  bool user_space = false;     // what pointers without another hint point into
  std::string function;        // what ppfunc() says
  // The probe that saves values at the function's entry for a .return probe.
  bool is_return = false;
  std::optional<ProbeSpec> entry;
  std::vector<ContextVariable> entry_variables;
};

struct BuildError {
  DiagnosticKind kind = DiagnosticKind::bad_probe_point;
  std::string message;
  // What was wrong at which component; npos: no place of its own.
  size_t component = std::string::npos;
};
using BuildResult = tl::expected<std::vector<DerivedPoint>, BuildError>;

inline tl::unexpected<BuildError> build_error(std::string message,
                                              size_t component = std::string::npos) {
  return tl::unexpected(BuildError{DiagnosticKind::bad_probe_point, std::move(message), component});
}
inline tl::unexpected<BuildError> not_supported(std::string message) {
  return tl::unexpected(
      BuildError{DiagnosticKind::unsupported_probe, std::move(message), std::string::npos});
}

// What families may ask of the host; all of it was given to the translator.
struct BuildContext {
  const KernelInfo& kernel;
  const arch::Machine& machine;
  btf::Catalog& types;
  Tracepoints& tracepoints;
  KernelFunctions& functions;
  PathContext paths;
  int64_t target_pid = 0;   // -x, or 0
  std::string target_path;  // the program of -c or -x, or ""
  std::optional<int64_t> (*find_constant)(std::string_view name) = nullptr;  // of @const
};

using Components = std::span<const ast::ProbePointComponent>;
using BuildFunction = BuildResult (*)(Components components, BuildContext& context);

// Who may use a family, from the least.
enum class Privilege : uint8_t { user, system, developer };

// `pattern`: components with the type of their argument, "kernel.function(string).return".
struct ProbeFamily {
  std::string pattern;
  BuildFunction build;
  Privilege privilege = Privilege::system;
};

// Every family, in the order in which messages list them.
std::vector<ProbeFamily> all_families();

// ---- for the families' files ------------------------------------------------------------------

// The point as text, with the names that the components have after wildcards are expanded.
std::string point_text(Components components);
// The argument of the component of this name, if the point has one with a text.
std::optional<std::string> text_argument(Components components, std::string_view name);
std::optional<int64_t> number_argument(Components components, std::string_view name);
bool has_component(Components components, std::string_view name);
// `components` with another text for the argument of `name`: what a wildcard matched.
std::string point_text_with(Components components, std::string_view name, std::string_view text);

}  // namespace stapd::probes
