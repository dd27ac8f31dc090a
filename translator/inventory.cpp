#include "translator/inventory.h"

#include <set>

#include "translator/ast/ast_printer.h"
#include "translator/elaborate/derive_probes.h"
#include "translator/elaborate/elaborate.h"
#include "translator/host_view.h"
#include "translator/parse/parse_file.h"
#include "translator/probes/families.h"

namespace stapd {
namespace {

using Lines = std::set<std::string>;

// Names that the library keeps to itself.
bool is_public(std::string_view name) { return !name.starts_with('_'); }

const char* suffix(ast::DeclaredType type) {
  switch (type) {
    case ast::DeclaredType::integer:
      return ":long";
    case ast::DeclaredType::string:
      return ":string";
    case ast::DeclaredType::none:
      break;
  }
  return "";
}

std::string function_line(const ast::FunctionDecl& function) {
  std::string line = fmt::format("{}{} (", function.name, suffix(function.type));
  for (const ast::Parameter& parameter : function.parameters) {
    if (&parameter != function.parameters.data()) line += ", ";
    line += fmt::format("{}{}", parameter.token.text, suffix(parameter.type));
  }
  return line + ")";
}

std::string alias_line(const ast::ProbePoint& name, const ast::AliasDecl& alias) {
  std::string line = ast::print_point(name) + " = ";
  for (const ast::ProbePoint* point : alias.points) {
    if (point != alias.points[0]) line += ", ";
    line += ast::print_point(*point);
  }
  return line;
}

class InventoryTaker {
 public:
  InventoryTaker(const CompileOptions& options, const KernelInfo& kernel,
                 const arch::Machine& machine)
      : options_(options),
        host_(options, kernel, machine),
        context_(host_.build_context()),
        library_(files_, options.tapset_paths, host_.facts, diagnostics_),
        tree_(library_) {}

  CompileOutcome take(Inventory inventory) {
    switch (inventory) {
      case Inventory::probe_types:
        list_probe_types();
        break;
      case Inventory::aliases:
        list_aliases();
        break;
      case Inventory::functions:
        list_functions();
        break;
      case Inventory::points:
      case Inventory::points_with_variables:
        list_points(inventory == Inventory::points_with_variables);
    }
    CompileOutcome outcome;
    for (const std::string& line : lines_) outcome.product += line + "\n";
    outcome.ok = !lines_.empty();
    outcome.diagnostics = host_.render(diagnostics_, files_);
    return outcome;
  }

 private:
  void list_probe_types() {
    // Those that are refused come last, and may repeat a pattern.
    const std::vector<probes::ProbeFamily> all = probes::all_families();
    const size_t working = all.size() - probes::unsupported_families().size();
    for (size_t i = 0; i < working; ++i) lines_.insert(all[i].pattern);
  }

  // Every file of the library, parsed.
  std::vector<const ast::Script*> library_scripts() {
    std::vector<const ast::Script*> scripts;
    for (size_t file = 0; file < library_.file_count(); ++file)
      if (const ast::Script* script = library_.parsed(file)) scripts.push_back(script);
    return scripts;
  }

  void list_aliases() {
    for (const ast::Script* script : library_scripts())
      for (const ast::AliasDecl* alias : script->aliases)
        for (const ast::ProbePoint* name : alias->names)
          if (is_public(name->components[0].name)) lines_.insert(alias_line(*name, *alias));
  }

  void list_functions() {
    for (const ast::Script* script : library_scripts())
      for (const ast::FunctionDecl* function : script->functions)
        if (!function->is_private && is_public(function->name))
          lines_.insert(function_line(*function));
  }

  void list_points(bool with_variables) {
    ParseFileOptions parse;
    parse.arguments = &arguments_;
    parse.macros = &library_.macros();
    parse.facts = &host_.facts;
    FileId file = files_.add(options_.script_name, options_.script_text, SourceOrigin::user);
    script_ = parse_file(files_, file, parse, diagnostics_);
    if (!script_) return;
    std::vector<DerivedProbe> derived;
    const ElaborateOptions elaborate_options = host_.elaborate_options({});
    ProbeDeriver deriver(tree_, context_, elaborate_options, diagnostics_);
    for (const ast::ProbeDecl* probe : script_->probes) deriver.derive(*probe, *script_, derived);
    std::vector<std::string> locals;
    if (with_variables) locals = locals_of(derived.size());
    for (size_t i = 0; i < derived.size(); ++i) {
      std::string line = derived[i].point.spec.alias;
      if (with_variables) line += target_variables(derived[i].point) + locals[i];
      lines_.insert(std::move(line));
    }
  }

  static std::string target_variables(const probes::DerivedPoint& point) {
    std::string text;
    for (const probes::ContextVariable& variable : point.variables) {
      if (variable.source == probes::ContextVariable::Source::text) continue;
      text += fmt::format(" {}:{}", variable.name, variable.type ? variable.type.text() : "long");
    }
    return text;
  }

  // What the prologues of aliases set, of each of the first `count` probes, in the order in which
  // they are derived. Empty where that cannot be told.
  std::vector<std::string> locals_of(size_t count) {
    std::vector<std::string> texts(count);
    ElaborateOptions elaborate_options = host_.elaborate_options({});
    elaborate_options.unoptimized = true;
    const std::vector<const ast::Script*> scripts = {&*script_};
    Diagnostics own;
    std::optional<sem::Program> program =
        elaborate({files_, scripts, library_, context_, elaborate_options}, own);
    if (!program) return texts;
    for (size_t i = 0; i < count && i < program->probes.size(); ++i)
      for (const sem::Local& local : program->probes[i].locals)
        if (is_public(local.name))
          texts[i] += fmt::format(" {}:{}", local.name, sem::type_name(local.type));
    return texts;
  }

  const CompileOptions& options_;
  HostView host_;
  probes::BuildContext context_;
  SourceFiles files_;
  Diagnostics diagnostics_;
  ScriptArguments arguments_;
  TapsetLibrary library_;
  ProbePointTree tree_;
  std::optional<ast::Script> script_;
  Lines lines_;
};

}  // namespace

CompileOutcome take_inventory(const CompileOptions& options, const KernelInfo& kernel,
                              Inventory inventory) {
  const arch::Machine* machine = arch::find_machine(kernel.machine);
  if (!machine) return refuse_machine(kernel);
  return InventoryTaker(options, kernel, *machine).take(inventory);
}

}  // namespace stapd
