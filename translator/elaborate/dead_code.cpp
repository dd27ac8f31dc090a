#include "translator/elaborate/dead_code.h"

#include <algorithm>

#include "translator/elaborate/fold_constants.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

bool is_empty_block(const Stmt* s) { return s->kind == Stmt::Kind::block && s->body.empty(); }

bool ends_block(const Stmt& s) {
  return s.kind == Stmt::Kind::next || s.kind == Stmt::Kind::return_ ||
         s.kind == Stmt::Kind::break_ || s.kind == Stmt::Kind::continue_;
}

Folding folding_of(Elision elision) {
  if (elision == Elision::before_types) return Folding::defined;
  return elision == Elision::after_types ? Folding::values : Folding::calls;
}

// One round over one body. A statement that is removed becomes null.
class Eliminator {
 public:
  Eliminator(sem::Program& program, const Usage& usage, const SourceFiles& files,
             Diagnostics& diagnostics, Elision elision)
      : program_(program),
        usage_(usage),
        files_(files),
        diagnostics_(diagnostics),
        thorough_(elision == Elision::thorough) {}

  void body(Stmt*& s, Expr* condition, const std::vector<sem::Local>& locals) {
    if (!s || is_empty_block(s)) return;
    read_ = read_locals(s, condition, locals.size(), usage_);
    sem::for_each_expr(s, [this](Expr*& e) { elide_assignment(e); });
    stmt(s);
  }
  // A function that is left without statements still has a body.
  void function(sem::Function& f, const Place& place) {
    if (!f.body) return;  // embedded C
    body(f.body, nullptr, f.locals);
    if (f.body) return;
    f.body = program_.make_stmt(Stmt::Kind::block, f.where);
    say_without_effect(f, place);
  }
  void say_without_effect(const sem::Function& f, const Place& place) {
    say(place.where, place.token, fmt::format("side-effect-free function '{}'", f.name));
  }
  bool changed() const { return changed_; }

 private:
  bool is_users(SourceLocation where) const {
    return where.line != 0 && files_.origin(where.file) == SourceOrigin::user;
  }

  void say(SourceLocation where, const std::string& token, std::string message) {
    if (!thorough_ && is_users(where))
      diagnostics_.add(DiagnosticKind::elided, {where, token}, std::move(message));
  }

  // ---- assignments ----
  // Variables that nobody reads. The user's own globals are shown at the end.
  bool is_unread(const Expr& variable) const {
    if (variable.kind == Kind::local) return !read_[variable.index];
    const sem::Global& global = program_.globals[variable.index];
    return !global.from_user_file && !usage_.reads_global(variable.index);
  }

  void elide_assignment(Expr*& e) {
    const bool plain = e->kind == Kind::assign;
    const bool statistic = e->kind == Kind::accumulate;
    if (!plain && !statistic) return;
    const Expr& target = *e->args[0];
    if (target.kind != Kind::local && target.kind != Kind::global && target.kind != Kind::element)
      return;
    if (!is_unread(target)) return;
    for (const Expr* key : target.args)
      if (key && !usage_.is_pure(*key)) return;
    say(e->where, e->token, fmt::format("Eliding assignment to {}", quoted_name(target)));
    e = e->args[1];
    changed_ = true;
  }

  // As the script spells it: the token of the variable is "identifier 'x'".
  static std::string quoted_name(const Expr& variable) {
    const size_t quote = variable.token.find('\'');
    return quote == std::string::npos ? variable.token : variable.token.substr(quote);
  }

  // ---- statements ----
  void remove(Stmt*& s) {
    s = nullptr;
    changed_ = true;
  }

  void stmt(Stmt*& s) {
    for (Stmt*& child : s->body)
      if (child) stmt(child);
    switch (s->kind) {
      case Stmt::Kind::expression:
        return expression(s);
      case Stmt::Kind::block:
        return block(s);
      case Stmt::Kind::if_else:
        return if_else(s);
      case Stmt::Kind::loop:
        return loop(s);
      case Stmt::Kind::foreach:
      case Stmt::Kind::foreach_bucket:
        if (!s->body[0] && heads_are_pure(*s)) return remove(s);
        return keep_body(s);
      case Stmt::Kind::try_catch:
        if (!s->body[0]) return remove(s);
        return;
      case Stmt::Kind::remove:
        // What nobody reads need not be deleted.
        if (s->expr->kind == Kind::element && is_unread(*s->expr)) remove(s);
        return;
      default:
        return;
    }
  }

  // A loop must have a body.
  void keep_body(Stmt* s) {
    if (!s->body[0]) s->body[0] = program_.make_stmt(Stmt::Kind::block, s->where);
  }

  bool heads_are_pure(const Stmt& s) const {
    if (s.limit && !usage_.is_pure(*s.limit)) return false;
    return std::ranges::all_of(s.slice, [&](const Expr* e) { return !e || usage_.is_pure(*e); });
  }

  void expression(Stmt*& s) {
    Expr* e = s->expr;
    if (usage_.is_pure(*e)) {
      say(s->where, s->token, "Eliding side-effect-free expression ");
      return remove(s);
    }
    reduce(s);
  }

  Stmt* statement_of(Expr* e) {
    Stmt* s = program_.make_stmt(Stmt::Kind::expression, e->where);
    s->token = e->token;
    s->expr = e;
    return s;
  }

  // Of a value that nobody wants, only what happens on the way remains.
  void reduce(Stmt*& s) {
    Expr* e = s->expr;
    switch (e->kind) {
      case Kind::conditional:
        return become_if(s, e->args[0], statement_of(e->args[1]), statement_of(e->args[2]));
      case Kind::logical_and:
        return become_if(s, e->args[0], statement_of(e->args[1]), nullptr);
      case Kind::logical_or:
        return become_if(s, negated(e->args[0]), statement_of(e->args[1]), nullptr);
      case Kind::call:
        if (!usage_.effects(e->index).is_pure()) return;
        return become_parts(s);
      case Kind::print:
        if (e->type != sem::Type::string) return;
        return become_parts(s);
      case Kind::negate:
      case Kind::bit_not:
      case Kind::logical_not:
      case Kind::binary:
      case Kind::compare:
      case Kind::concat:
      case Kind::regex:
      case Kind::in_array:
      case Kind::element:
      case Kind::load:
        return become_parts(s);
      default:
        return;
    }
  }

  Expr* negated(Expr* e) {
    Expr* n = program_.make_expr(Kind::logical_not, e->where);
    n->token = e->token;
    n->args = {e};
    return n;
  }

  void become_if(Stmt* s, Expr* condition, Stmt* then, Stmt* otherwise) {
    s->kind = Stmt::Kind::if_else;
    s->expr = condition;
    s->body = {then, otherwise};
    changed_ = true;
  }

  void become_parts(Stmt* s) {
    std::vector<Stmt*> parts;
    for (Expr* part : s->expr->args)
      if (part && !usage_.is_pure(*part)) parts.push_back(statement_of(part));
    s->kind = Stmt::Kind::block;
    s->expr = nullptr;
    s->body = std::move(parts);
    changed_ = true;
  }

  void block(Stmt*& s) {
    std::vector<Stmt*> flat;
    for (Stmt* child : s->body) {
      if (!child) continue;
      if (child->kind == Stmt::Kind::block)
        flat.insert(flat.end(), child->body.begin(), child->body.end());
      else
        flat.push_back(child);
      // What follows is never reached; SystemTap still wants its types to be right.
      if (thorough_ && !flat.empty() && ends_block(*flat.back())) break;
    }
    changed_ = changed_ || flat.size() != s->body.size();
    s->body = std::move(flat);
    // What was empty before is no change: a loop puts an empty body back.
    if (s->body.empty()) s = nullptr;
  }

  void if_else(Stmt*& s) {
    Stmt *&then = s->body[0], *&otherwise = s->body[1];
    if (then) return;
    if (otherwise) {
      s->expr = negated(s->expr);
      std::swap(then, otherwise);
      changed_ = true;
      return;
    }
    s->kind = Stmt::Kind::expression;
    s->body.clear();
    changed_ = true;
    if (usage_.is_pure(*s->expr)) remove(s);
  }

  bool is_pure(const Expr* e) const { return !e || usage_.is_pure(*e); }

  // Also a loop that would never end: SystemTap takes it away, too.
  void loop(Stmt*& s) {
    if (!s->body[0] && is_pure(s->init) && is_pure(s->expr) && is_pure(s->step)) return remove(s);
    for (Expr** e : {&s->init, &s->step})
      if (thorough_ && *e && usage_.is_pure(**e)) *e = nullptr;
    if (!s->body[0] && s->expr && !s->step && usage_.is_pure(*s->expr)) {
      s = statement_of(s->init);
      changed_ = true;
      return;
    }
    keep_body(s);
  }

  sem::Program& program_;
  const Usage& usage_;
  const SourceFiles& files_;
  Diagnostics& diagnostics_;
  bool thorough_;
  std::vector<bool> read_;  // by local of the body
  bool changed_ = false;
};

// Compound assignments keep a variable alive for SystemTap; what is written and never read but by
// them is dead all the same.
class UpdateEliminator {
 public:
  void body(Stmt* s, Expr* condition, size_t locals) {
    std::vector<bool> read(locals);
    const auto visit = [&](const Expr& e, const auto& self, bool value_used) -> void {
      const bool stores =
          e.kind == Kind::assign || e.kind == Kind::update || e.kind == Kind::increment;
      if (e.kind == Kind::local || (stores && e.args[0]->kind == Kind::local && value_used))
        read[e.kind == Kind::local ? e.index : e.args[0]->index] = true;
      for (const Expr* child : e.args)
        if (child && !(stores && child == e.args[0] && child->kind == Kind::local))
          self(*child, self, true);
    };
    if (condition) visit(*condition, visit, true);
    sem::for_each_stmt(s, [&](Stmt& stmt) {
      for (const Expr* e : {stmt.init, stmt.step})
        if (e) visit(*e, visit, false);
      if (stmt.expr) visit(*stmt.expr, visit, stmt.kind != Stmt::Kind::expression);
      if (stmt.limit) visit(*stmt.limit, visit, true);
      for (const Expr* e : stmt.slice)
        if (e) visit(*e, visit, true);
    });
    sem::for_each_stmt(s, [&](Stmt& stmt) {
      for (Expr** e : {&stmt.init, &stmt.step, &stmt.expr}) {
        if (!*e || (e == &stmt.expr && stmt.kind != Stmt::Kind::expression)) continue;
        elide(*e, read);
      }
      if (stmt.catch_target && stmt.catch_target->kind == Kind::local &&
          !read[stmt.catch_target->index])
        stmt.catch_target = nullptr;
    });
  }

 private:
  static void elide(Expr*& e, const std::vector<bool>& read) {
    if (e->args.empty() || !e->args[0] || e->args[0]->kind != Kind::local) return;
    if (read[e->args[0]->index]) return;
    if (e->kind == Kind::increment)
      e = e->args[0];
    else if (e->kind == Kind::update || e->kind == Kind::assign)
      e = e->args[1];
  }
};

}  // namespace

void elide_dead_code(sem::Program& program, const SideTables& side, const SourceFiles& files,
                     Diagnostics& diagnostics, Elision elision) {
  const bool thorough = elision == Elision::thorough;
  for (bool changed = true, first = elision == Elision::before_types; changed; first = false) {
    const Usage usage(program, side);
    changed = fold_constants(program, usage, folding_of(elision));
    Eliminator eliminator(program, usage, files, diagnostics, elision);
    UpdateEliminator updates;
    for (size_t i = 0; i < program.functions.size(); ++i) {
      sem::Function& function = program.functions[i];
      if (thorough && function.body) updates.body(function.body, nullptr, function.locals.size());
      if (first && function.body && is_empty_block(function.body))
        eliminator.say_without_effect(function, side.functions[i].place);
      eliminator.function(function, side.functions[i].place);
    }
    for (sem::Probe& probe : program.probes) {
      if (thorough && probe.body) updates.body(probe.body, probe.condition, probe.locals.size());
      eliminator.body(probe.body, probe.condition, probe.locals);
    }
    changed = changed || eliminator.changed();
  }
}

void elide_empty_probes(sem::Program& program, const SourceFiles& files, Diagnostics& diagnostics) {
  std::erase_if(program.probes, [&](const sem::Probe& probe) {
    if (probe.body && !is_empty_block(probe.body)) return false;
    if (files.origin(probe.where.file) == SourceOrigin::user) {
      const std::string& point = probe.spec.point;
      diagnostics.add(DiagnosticKind::elided, {probe.where, probe.token},
                      fmt::format("Probe '{}' has been elided", point.substr(0, point.find('.'))));
    }
    return true;
  });
}

}  // namespace stapd
