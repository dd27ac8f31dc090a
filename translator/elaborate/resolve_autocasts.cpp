#include "translator/elaborate/resolve_autocasts.h"

#include "translator/elaborate/foreign_path.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

// What a variable is known to hold: nothing yet, one view, or several that differ.
struct Flow {
  std::optional<CView> view;
  bool conflicts = false;

  // True when something new was learnt.
  bool add(const std::optional<CView>& more) {
    if (!more || conflicts) return false;
    if (!view) {
      view = more;
      return true;
    }
    if (*view == *more) return false;
    conflicts = true;
    return true;
  }
  std::optional<CView> get() const { return conflicts ? std::nullopt : view; }
};

class Autocasts {
 public:
  Autocasts(sem::Program& program, SideTables& side, btf::Catalog& types)
      : program_(program),
        side_(side),
        types_(types),
        globals_(program.globals.size()),
        results_(program.functions.size()) {
    for (const sem::Function& f : program.functions) function_locals_.emplace_back(f.locals.size());
    for (const sem::Probe& p : program.probes) probe_locals_.emplace_back(p.locals.size());
  }

  void run() {
    constexpr int kMaxRounds = 100;
    bool changed = true;
    for (int round = 0; changed && round < kMaxRounds; ++round) {
      changed_ = false;
      for_each_body([this](Stmt*& body) { learn(body); });
      for_each_body(
          [this](Stmt*& body) { sem::for_each_expr(body, [this](Expr*& e) { resolve(e); }); });
      changed = changed_;
    }
    for_each_body(
        [](Stmt*& body) { sem::for_each_expr(body, [](Expr*& e) { settle_defined(e); }); });
    for (size_t i = 0; i < globals_.size(); ++i)
      if (const std::optional<CView> view = globals_[i].get())
        program_.globals[i].pointer_typed = view->is_address || view->type.is_pointer();
  }

 private:
  void for_each_body(const std::function<void(Stmt*&)>& visit) {
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      if (!program_.functions[i].body) continue;
      locals_ = &function_locals_[i];
      result_ = &results_[i];
      visit(program_.functions[i].body);
    }
    result_ = nullptr;
    for (size_t i = 0; i < program_.probes.size(); ++i) {
      locals_ = &probe_locals_[i];
      if (program_.probes[i].body) visit(program_.probes[i].body);
    }
  }

  std::optional<CView> view_of(const Expr& e) const {
    if (const auto it = side_.c_views.find(&e); it != side_.c_views.end()) return it->second;
    switch (e.kind) {
      case Kind::local:
        return (*locals_)[e.index].get();
      case Kind::global:
      case Kind::element:
        return globals_[e.index].get();
      case Kind::assign:
        return view_of(*e.args[1]);
      case Kind::call:
        return results_[e.index].get();
      case Kind::conditional: {
        const std::optional<CView> yes = view_of(*e.args[1]), no = view_of(*e.args[2]);
        return yes && no && *yes == *no ? yes : std::nullopt;
      }
      default:
        return std::nullopt;
    }
  }

  Flow* flow_of(const Expr& variable) {
    if (variable.kind == Kind::local) return &(*locals_)[variable.index];
    if (variable.kind == Kind::global || variable.kind == Kind::element)
      return &globals_[variable.index];
    return nullptr;
  }

  void learn(Stmt* body) {
    sem::for_each_expr(body, [this](Expr*& e) {
      if (e->kind == Kind::assign) {
        if (Flow* flow = flow_of(*e->args[0])) changed_ |= flow->add(view_of(*e->args[1]));
      } else if (e->kind == Kind::call) {
        for (size_t i = 0; i < e->args.size(); ++i)
          changed_ |= function_locals_[e->index][i].add(view_of(*e->args[i]));
      }
    });
    sem::for_each_stmt(body, [this](Stmt& s) {
      if (s.kind == Stmt::Kind::return_ && s.expr && result_)
        changed_ |= result_->add(view_of(*s.expr));
      if (s.kind == Stmt::Kind::foreach && s.value_local)
        changed_ |= (*locals_)[*s.value_local].add(globals_[s.index].get());
    });
  }

  void resolve(Expr*& e) {
    if (e->kind != Kind::autocast) return;
    const std::optional<CView> view = view_of(*e->args[0]);
    if (!view) return;
    const PendingPath& pending = side_.paths[e->index];
    std::vector<ForeignStep> steps;
    size_t next_index = 1;
    for (const ast::TargetComponent& c : pending.path->components)
      steps.push_back({c.kind, std::string(c.name), c.index ? e->args[next_index++] : nullptr});
    ForeignPath path(program_, side_, types_,
                     pending.user_space ? ir::Space::user : ir::Space::kernel, *e, "value");
    e = path.follow({e->args[0], view->type, view->is_address}, steps, pending.path->address_of);
    changed_ = true;
  }

  static void settle_defined(Expr*& e) {
    if (e->kind != Kind::defined) return;
    bool resolves = true;
    sem::for_each_expr(e->args[0], [&](Expr*& inner) {
      resolves = resolves && inner->kind != Kind::autocast && inner->kind != Kind::unresolved;
    });
    e->kind = Kind::integer;
    e->settled = true;
    e->type = sem::Type::integer;
    e->value = resolves;
    e->args.clear();
  }

  sem::Program& program_;
  SideTables& side_;
  btf::Catalog& types_;
  std::vector<Flow> globals_, results_;
  std::vector<std::vector<Flow>> function_locals_, probe_locals_;
  std::vector<Flow>* locals_ = nullptr;
  Flow* result_ = nullptr;
  bool changed_ = false;
};

}  // namespace

void resolve_autocasts(sem::Program& program, SideTables& side, btf::Catalog& types) {
  Autocasts(program, side, types).run();
}

void report_unresolved(sem::Program& program, Diagnostics& diagnostics) {
  sem::for_each_expr(program, [&](Expr*& e) {
    const Place place{e->where, e->token};
    if (e->kind == Kind::unresolved && !e->text.empty())
      diagnostics.add(static_cast<DiagnosticKind>(e->value), place, e->text);
    if (e->kind == Kind::autocast)
      diagnostics.add(DiagnosticKind::unresolved_target, place, "unknown type in dereference");
  });
}

}  // namespace stapd
