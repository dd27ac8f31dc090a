#include "runtime/base/spelling.h"
#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

class VariableCheck {
 public:
  VariableCheck(const sem::Program& program, const SideTables& side, const SourceFiles& files,
                Diagnostics& diagnostics)
      : program_(program),
        side_(side),
        files_(files),
        diagnostics_(diagnostics),
        read_(program.globals.size()),
        written_(program.globals.size()) {}

  void run() {
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      const sem::Function& f = program_.functions[i];
      for (uint32_t global : side_.functions[i].reads) read_[global] = true;
      for (uint32_t global : side_.functions[i].writes) written_[global] = true;
      check_body(f.body, nullptr, f.locals, f.parameters);
    }
    for (const sem::Probe& p : program_.probes) check_body(p.body, p.condition, p.locals, 0);
    for (size_t i = 0; i < program_.globals.size(); ++i) check_global(i);
  }

 private:
  bool is_users(SourceLocation where) const {
    return where.line != 0 && files_.origin(where.file) == SourceOrigin::user;
  }

  void check_body(Stmt* body, Expr* condition, const std::vector<sem::Local>& locals,
                  uint32_t parameters) {
    local_read_.assign(locals.size(), nullptr);
    local_written_.assign(locals.size(), false);
    for (uint32_t i = 0; i < parameters; ++i) local_written_[i] = true;
    if (condition) expr(*condition);
    sem::for_each_stmt(body, [this](Stmt& s) { stmt(s); });
    for (size_t i = 0; i < locals.size(); ++i)
      if (local_read_[i] && !local_written_[i] && is_users(local_read_[i]->where))
        warn("local", locals[i].name, {local_read_[i]->where, local_read_[i]->token},
             names_of(locals, i));
  }

  static std::vector<std::string> names_of(const std::vector<sem::Local>& locals, size_t but) {
    std::vector<std::string> names;
    for (size_t i = 0; i < locals.size() && i < 200; ++i)
      if (i != but && !locals[i].name.starts_with("__")) names.push_back(locals[i].name);
    return names;
  }

  void warn(const char* what, const std::string& name, Place place,
            const std::vector<std::string>& others) {
    const std::string near =
        diagnostics_.is_full(DiagnosticKind::never_assigned) ? "" : nearest_name(name, others);
    diagnostics_.add({DiagnosticKind::never_assigned,
                      fmt::format("never-assigned {} variable '{}'", what, name),
                      std::move(place),
                      {},
                      {},
                      near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
  }

  void check_global(size_t i) {
    const sem::Global& global = program_.globals[i];
    const SideTables::Global& side = side_.globals[i];
    if (!side.decl) return;
    if (global.wrap && side.arity == size_t{0})
      diagnostics_.add(DiagnosticKind::wrap_of_scalar, side.place,
                       "wrapping not supported for scalars");
    if (read_[i] && !written_[i] && !side.decl->init && global.from_user_file) {
      std::vector<std::string> others;
      for (const sem::Global& other : program_.globals)
        if (&other != &global && other.from_user_file) others.push_back(other.name);
      warn("global", global.name, side.place, others);
    }
  }

  void stmt(const Stmt& s) {
    const bool base = s.kind == Stmt::Kind::foreach || s.kind == Stmt::Kind::remove;
    for (const Expr* e : {s.init, s.step, s.limit})
      if (e) expr(*e);
    if (s.expr && !base) expr(*s.expr);
    if (s.kind == Stmt::Kind::foreach) read_[s.index] = true;
    if (s.kind == Stmt::Kind::remove)
      for (const Expr* key : s.expr->args)
        if (key) expr(*key);
    for (const Expr* e : s.slice)
      if (e) expr(*e);
    for (uint32_t key : s.keys) local_written_[key] = true;
    if (s.value_local) local_written_[*s.value_local] = true;
    if (s.catch_target) target(*s.catch_target);
  }

  void target(const Expr& e) {
    if (e.kind == Kind::local) local_written_[e.index] = true;
    if (e.kind == Kind::global || e.kind == Kind::element) written_[e.index] = true;
    for (const Expr* key : e.args)
      if (key) expr(*key);
  }

  void expr(const Expr& e) {
    size_t first = 0;
    switch (e.kind) {
      case Kind::assign:
      case Kind::update:
      case Kind::increment:
      case Kind::accumulate:
        target(*e.args[0]);
        first = 1;
        break;
      case Kind::local:
        if (!local_read_[e.index]) local_read_[e.index] = &e;
        break;
      case Kind::global:
      case Kind::element:
      case Kind::in_array:
        read_[e.index] = true;
        break;
      default:
        break;
    }
    for (size_t i = first; i < e.args.size(); ++i)
      if (e.args[i]) expr(*e.args[i]);
  }

  const sem::Program& program_;
  const SideTables& side_;
  const SourceFiles& files_;
  Diagnostics& diagnostics_;
  std::vector<bool> read_, written_;
  std::vector<const Expr*> local_read_;
  std::vector<bool> local_written_;
};

}  // namespace

void check_variables(const sem::Program& program, const SideTables& side, const SourceFiles& files,
                     Diagnostics& diagnostics) {
  VariableCheck(program, side, files, diagnostics).run();
}

}  // namespace stapd
