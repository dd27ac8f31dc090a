#include "translator/elaborate/elaborate.h"

#include <algorithm>

#include "translator/elaborate/check_program.h"
#include "translator/elaborate/dead_code.h"
#include "translator/elaborate/finish_program.h"
#include "translator/elaborate/fold_constants.h"
#include "translator/elaborate/infer_types.h"
#include "translator/elaborate/program_builder.h"
#include "translator/elaborate/resolve_autocasts.h"
#include "translator/lex/number.h"

namespace stapd {
namespace {

class Elaboration {
 public:
  Elaboration(const ElaborateInput& input, Diagnostics& diagnostics)
      : input_(input),
        diagnostics_(diagnostics),
        errors_(diagnostics.errors()),
        tree_(input.library),
        deriver_(tree_, input.host, input.options, diagnostics),
        builder_(input.files, input.library, input.host, input.options, diagnostics) {}

  // The passes, in order. Each goes to its own end; the next one runs only when there was no fault.
  std::optional<sem::Program> run() {
    sem::Program& program = builder_.program();
    SideTables& side = builder_.side();
    const bool optimize = !input_.options.unoptimized;
    program.limits = input_.options.limits;

    add_user_scripts();
    if (failed()) return std::nullopt;
    derive_and_bind();
    set_globals();
    if (failed()) return std::nullopt;
    check_variables(program, side, input_.files, diagnostics_);
    resolve_autocasts(program, side, input_.host.types);
    // Before types: what is dead has none, and @defined() has chosen its branch.
    if (optimize) {
      elide_dead_code(program, side, input_.files, diagnostics_, Elision::before_types);
      elide_empty_probes(program, input_.files, diagnostics_);
    } else {
      while (fold_constants(program, Usage(program, side), Folding::defined)) {
      }
    }
    check_any_probe();
    if (failed()) return std::nullopt;
    prune(program, side);
    infer_types(program, side, diagnostics_);
    if (failed()) return std::nullopt;
    check_foreach(program, side, diagnostics_);
    collect_statistics(program, side, diagnostics_);
    if (failed()) return std::nullopt;
    if (optimize) {
      elide_dead_code(program, side, input_.files, diagnostics_, Elision::after_types);
      elide_empty_probes(program, input_.files, diagnostics_);
      // What SystemTap leaves to the C compiler.
      elide_dead_code(program, side, input_.files, diagnostics_, Elision::thorough);
    }
    report_unresolved(program, diagnostics_);
    check_any_probe();
    if (failed()) return std::nullopt;
    prune(program, side);
    if (input_.options.privilege == probes::Privilege::user)
      check_privilege(program, side, diagnostics_);
    compile_regexes(program, diagnostics_);
    if (failed()) return std::nullopt;
    mark_recursion(program);
    finish_prints(program, side);
    infer_widths(program);
    return std::move(program);
  }

 private:
  bool failed() const { return diagnostics_.errors() != errors_; }

  void add_user_scripts() {
    for (const ast::Script* script : input_.scripts) {
      check_globals(*script);
      builder_.add_script(*script);
      for (const ast::AliasDecl* alias : script->aliases) add_alias(*alias, *script);
    }
  }

  // One namespace for all files of the user.
  void check_globals(const ast::Script& script) {
    for (const ast::Script* other : input_.scripts) {
      if (other == &script) break;
      for (const ast::GlobalDecl* mine : script.globals)
        for (const ast::GlobalDecl* theirs : other->globals)
          if (mine->name == theirs->name && !mine->is_private && !theirs->is_private)
            diagnostics_.add(
                DiagnosticKind::conflicting_globals, place_of(mine->token),
                fmt::format("global '{}' is declared in another file too", mine->name));
    }
  }

  void add_alias(const ast::AliasDecl& alias, const ast::Script& script) {
    for (const ast::ProbePoint* name : alias.names)
      for (const ast::ProbePointComponent& c : name->components) {
        const bool has_argument = c.argument != ast::ProbePointComponent::Argument::none;
        if (!has_argument && c.name.find('*') == c.name.npos) continue;
        diagnostics_.add(DiagnosticKind::bad_alias_name, place_of(c.token),
                         fmt::format("alias component {} contains illegal {}", c.name,
                                     has_argument ? "parameter" : "wildcard"));
        return;
      }
    tree_.add({&alias, &script});
  }

  // Tapset files that are pulled in on the way bring probes of their own, which may pull in more.
  void derive_and_bind() {
    std::vector<const ast::Script*> scripts = input_.scripts;
    std::vector<const ast::Script*> seen = scripts;
    while (!scripts.empty() && !failed()) {
      const size_t first = derived_.size();
      for (const ast::Script* script : scripts)
        for (const ast::ProbeDecl* probe : script->probes) derive(*probe, *script);
      for (size_t i = first; i < derived_.size(); ++i) builder_.add_probe(derived_[i]);
      builder_.bind_functions();
      scripts = builder_.take_used_scripts();
      for (const ast::Script* used : deriver_.used())
        if (std::ranges::find(seen, used) == seen.end()) scripts.push_back(used);
      std::erase_if(scripts,
                    [&](const ast::Script* s) { return std::ranges::find(seen, s) != seen.end(); });
      seen.insert(seen.end(), scripts.begin(), scripts.end());
    }
  }

  void derive(const ast::ProbeDecl& probe, const ast::Script& script) {
    std::vector<DerivedProbe> found;
    deriver_.derive(probe, script, found);
    for (DerivedProbe& one : found) derived_.push_back(std::move(one));
  }

  // -G name=value replaces what the script says.
  void set_globals() {
    for (const auto& [name, value] : input_.options.globals) {
      const auto it = std::ranges::find_if(builder_.program().globals, [&](const sem::Global& g) {
        return g.name == name && g.from_user_file;
      });
      if (it == builder_.program().globals.end()) {
        if (!is_declared(name))
          diagnostics_.add(DiagnosticKind::unknown_global_option, {},
                           fmt::format("-G {}={}: the script has no such global", name, value));
        continue;
      }
      const auto index = static_cast<size_t>(it - builder_.program().globals.begin());
      if (builder_.side().globals[index].arity.value_or(0) != 0) {
        diagnostics_.add(DiagnosticKind::unknown_global_option, {},
                         fmt::format("-G {}={}: only scalar globals can be set", name, value));
        continue;
      }
      set_global(*it, value);
    }
  }

  bool is_declared(const std::string& name) const {
    return std::ranges::any_of(input_.scripts, [&](const ast::Script* script) {
      return std::ranges::any_of(script->globals,
                                 [&](const ast::GlobalDecl* g) { return g->name == name; });
    });
  }

  // The option becomes a number when it is one, and the script does not say that it is a text.
  void set_global(sem::Global& global, const std::string& value) {
    const bool negative = value.starts_with("-");
    const std::optional<int64_t> number =
        parse_number(negative ? std::string_view(value).substr(1) : std::string_view(value));
    if (number && !global.init_text) {
      global.init = negative ? -*number : *number;
      global.type = sem::Type::integer;
    } else if (!global.init) {
      global.init_text = value;
      global.type = sem::Type::string;
    } else {
      diagnostics_.add(DiagnosticKind::unknown_global_option, {},
                       fmt::format("-G {}={}: not a number", global.name, value));
    }
  }

  void check_any_probe() {
    if (builder_.program().probes.empty() && !failed())
      diagnostics_.add(DiagnosticKind::no_probes, {}, "no probes found");
  }

  const ElaborateInput& input_;
  Diagnostics& diagnostics_;
  size_t errors_;
  ProbePointTree tree_;
  ProbeDeriver deriver_;
  ProgramBuilder builder_;
  std::deque<DerivedProbe> derived_;  // functions that are bound for a probe refer to it
};

}  // namespace

std::optional<sem::Program> elaborate(const ElaborateInput& input, Diagnostics& diagnostics) {
  return Elaboration(input, diagnostics).run();
}

}  // namespace stapd
