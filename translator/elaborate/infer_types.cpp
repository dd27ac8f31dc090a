#include "translator/elaborate/infer_types.h"

#include <algorithm>

#include "translator/builtin/builtin.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using sem::Type;
using Kind = sem::Expr::Kind;

Type builtin_type(char letter) {
  if (letter == 'i') return Type::integer;
  return letter == 's' ? Type::string : Type::unknown;
}

Place place_of(const Expr& e) { return {e.where, e.token}; }

// The type of a variable, key part or result, and what it was inferred from.
struct Cell {
  Type type = Type::unknown;
  Place first;  // no place: the script declares the type
};

class TypeInference {
 public:
  TypeInference(sem::Program& program, const SideTables& side, Diagnostics& diagnostics)
      : program_(program), side_(side), diagnostics_(diagnostics) {
    for (const sem::Global& global : program.globals) {
      global_values_.push_back({global.type, {}});
      global_keys_.emplace_back(side.globals[global_keys_.size()].arity.value_or(0));
    }
    for (const sem::Function& function : program.functions) {
      results_.push_back({function.type, {}});
      function_locals_.push_back(cells_of(function.locals));
    }
    for (const sem::Probe& probe : program.probes) probe_locals_.push_back(cells_of(probe.locals));
  }

  void run() {
    // Each round carries a type one assignment further, or many; no script needs this many.
    constexpr int kMaxRounds = 1000;
    changed_ = true;
    for (int round = 0; changed_ && round < kMaxRounds; ++round) {
      changed_ = false;
      walk_program();
    }
    reporting_ = true;
    walk_program();
    store();
  }

 private:
  static std::vector<Cell> cells_of(const std::vector<sem::Local>& locals) {
    std::vector<Cell> cells;
    for (const sem::Local& local : locals) cells.push_back({local.type, {}});
    return cells;
  }

  void walk_program() {
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      if (!program_.functions[i].body) continue;
      locals_ = &function_locals_[i];
      result_ = &results_[i];
      stmt(*program_.functions[i].body);
    }
    result_ = nullptr;
    for (size_t i = 0; i < program_.probes.size(); ++i) {
      locals_ = &probe_locals_[i];
      if (program_.probes[i].condition) expr(*program_.probes[i].condition, Type::integer);
      if (program_.probes[i].body) stmt(*program_.probes[i].body);
    }
  }

  void store() {
    for (size_t i = 0; i < program_.globals.size(); ++i) {
      program_.globals[i].type = global_values_[i].type;
      for (const Cell& key : global_keys_[i]) program_.globals[i].key.push_back(key.type);
    }
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      program_.functions[i].type = results_[i].type;
      store(program_.functions[i].locals, function_locals_[i]);
    }
    for (size_t i = 0; i < program_.probes.size(); ++i)
      store(program_.probes[i].locals, probe_locals_[i]);
  }
  static void store(std::vector<sem::Local>& locals, const std::vector<Cell>& cells) {
    for (size_t i = 0; i < locals.size(); ++i) locals[i].type = cells[i].type;
  }

  // ---- messages ----
  void mismatch(const Expr& at, Type wanted, const Cell& cell, const std::string& index = {}) {
    if (!reporting_) return;
    const std::string of = index.empty() ? "type" : "type of " + index;
    Diagnostic d{DiagnosticKind::type_mismatch, {}, place_of(at), {}, {}, {}};
    if (cell.first.where.line == 0) {
      d.message =
          fmt::format("{}type mismatch: expected {} but found {}", index.empty() ? "" : index + " ",
                      type_name(wanted), type_name(cell.type));
    } else {
      d.message =
          fmt::format("{}type mismatch ({})", index.empty() ? "" : index + " ", type_name(wanted));
      d.notes.push_back(
          {fmt::format("{} was first inferred here ({})", of, type_name(cell.type)), cell.first});
    }
    diagnostics_.add(std::move(d));
  }

  void wrong_type(const Expr& at, Type wanted, Type found) {
    if (!reporting_) return;
    diagnostics_.add(DiagnosticKind::type_mismatch, place_of(at),
                     fmt::format("type mismatch: expected {} but found {}", type_name(wanted),
                                 type_name(found)));
  }

  void invalid_statistic(const Expr& at) {
    if (reporting_)
      diagnostics_.add(DiagnosticKind::type_mismatch, place_of(at), "invalid type stats");
  }

  void unresolved(const Expr& at) {
    if (reporting_)
      diagnostics_.add(DiagnosticKind::unresolved_type, place_of(at), "unresolved type ");
  }

  // ---- cells ----
  // The cell is of type `type`, as `at` shows.
  void learn(Cell& cell, Type type, const Expr& at, const std::string& index = {}) {
    if (type == Type::unknown || cell.type == type) return;
    if (cell.type == Type::unknown) {
      cell = {type, place_of(at)};
      changed_ = true;
      return;
    }
    mismatch(at, type, cell, index);
  }

  void become(Expr& e, Type type) {
    if (e.type == type || type == Type::unknown) return;
    if (e.type == Type::unknown) changed_ = true;
    e.type = type;
  }

  // An expression whose type is fixed by what it is.
  void fixed(Expr& e, Type type, Type wanted) {
    become(e, type);
    if (wanted != Type::unknown && wanted != type) wrong_type(e, wanted, type);
  }

  // ---- expressions; `wanted` is unknown where any type is right ----
  void variable(Expr& e, Cell& cell, Type wanted) {
    // Folding left what it knew of the type.
    if (e.type != Type::unknown && wanted == Type::unknown) wanted = e.type;
    learn(cell, wanted, e);
    if (e.type == Type::unknown) become(e, cell.type);
  }

  void keys(std::vector<Expr*>& args, uint32_t global) {
    std::vector<Cell>& cells = global_keys_[global];
    for (size_t i = 0; i < args.size() && i < cells.size(); ++i)
      if (args[i]) key(*args[i], cells[i], i);
  }
  void key(Expr& e, Cell& cell, size_t index) {
    expr(e, Type::unknown, cell.type);
    if (e.type == Type::statistic) return invalid_statistic(e);
    learn(cell, e.type, e, fmt::format("index {}", index));
  }

  // `hint`: taken for the type when nothing else is known.
  void expr(Expr& e, Type wanted, Type hint = Type::unknown) {
    const Type likely = wanted != Type::unknown ? wanted : hint;
    switch (e.kind) {
      case Kind::integer:
        return fixed(e, Type::integer, wanted);
      case Kind::string:
        return fixed(e, Type::string, wanted);
      case Kind::local:
        return leaf(e, (*locals_)[e.index], wanted, hint);
      case Kind::global:
        return leaf(e, global_values_[e.index], wanted, hint);
      case Kind::element:
        keys(e.args, e.index);
        return leaf(e, global_values_[e.index], wanted, hint);
      case Kind::negate:
      case Kind::bit_not:
      case Kind::logical_not:
      case Kind::binary:
      case Kind::logical_and:
      case Kind::logical_or:
      case Kind::load:
        for (Expr* arg : e.args) expr(*arg, Type::integer);
        return fixed(e, Type::integer, wanted);
      case Kind::load_string:
        expr(*e.args[0], Type::integer);
        return fixed(e, Type::string, wanted);
      case Kind::raw_argument:
      case Kind::register_value:
      case Kind::user_register:
        return fixed(e, Type::integer, wanted);
      case Kind::conditional:
        return conditional(e, wanted, likely);
      case Kind::compare:
        return compare(e, wanted);
      case Kind::concat:
        for (Expr* arg : e.args) expr(*arg, Type::string);
        return fixed(e, Type::string, wanted);
      case Kind::regex:
        expr(*e.args[0], Type::string);
        return fixed(e, Type::integer, wanted);
      case Kind::in_array:
        keys(e.args, e.index);
        if (global_values_[e.index].type == Type::unknown) unresolved(e);
        return fixed(e, Type::integer, wanted);
      case Kind::assign:
        return assign(e, wanted, likely);
      case Kind::update: {
        const Type type = e.op == ir::Op::str_append ? Type::string : Type::integer;
        for (Expr* arg : e.args) expr(*arg, type);
        return fixed(e, type, wanted);
      }
      case Kind::increment:
        expr(*e.args[0], Type::integer);
        return fixed(e, Type::integer, wanted);
      case Kind::accumulate:
        expr(*e.args[0], Type::statistic);
        expr(*e.args[1], Type::integer);
        return fixed(e, Type::integer, wanted);
      case Kind::call:
        return call(e, wanted, hint);
      case Kind::builtin:
        return builtin(e, wanted);
      case Kind::print:
        return print(e, wanted);
      case Kind::stat:
        expr(*e.args[0], Type::statistic);
        return fixed(e, Type::integer, wanted);
      case Kind::bucket:
        expr(*e.args[0], Type::statistic);
        expr(*e.args[1], Type::integer);
        return fixed(e, Type::integer, wanted);
      case Kind::histogram:
        expr(*e.args[0], Type::statistic);
        return become(e, Type::statistic);
      case Kind::unresolved:
      case Kind::autocast:
        return assume(e, likely);
      case Kind::defined:
        return fixed(e, Type::integer, wanted);
      case Kind::embedded:
        return fixed(e, e.type, wanted);
    }
  }

  void leaf(Expr& e, Cell& cell, Type wanted, Type hint) {
    variable(e, cell, wanted);
    if (e.type == Type::unknown && hint != Type::unknown) variable(e, cell, hint);
    if (e.type == Type::unknown) unresolved(e);
  }

  // What a target variable would be if there were one; report_unresolved() speaks of those that
  // are still there when dead code is gone.
  void assume(Expr& e, Type likely) {
    for (Expr* arg : e.args) expr(*arg, Type::unknown, Type::integer);
    become(e, likely == Type::unknown ? Type::integer : likely);
  }

  void conditional(Expr& e, Type wanted, Type likely) {
    expr(*e.args[0], Type::integer);
    Expr &yes = *e.args[1], &no = *e.args[2];
    Type type = likely;
    if (type == Type::unknown) type = yes.type != Type::unknown ? yes.type : no.type;
    if (type == Type::unknown && reporting_) return unresolved(e);
    if (wanted != Type::unknown || type != Type::unknown) {
      expr(yes, type);
      expr(no, type);
    } else {
      expr(yes, Type::unknown);
      expr(no, Type::unknown);
    }
    become(e, type);
  }

  void compare(Expr& e, Type wanted) {
    Expr &left = *e.args[0], &right = *e.args[1];
    const Type type = left.type != Type::unknown ? left.type : right.type;
    expr(left, Type::unknown, type);
    expr(right, Type::unknown, type);
    if (left.type == Type::statistic) invalid_statistic(left);
    if (right.type == Type::statistic) invalid_statistic(right);
    if (left.type != Type::unknown && right.type != Type::unknown && left.type != right.type)
      wrong_type(left, right.type, left.type);
    fixed(e, Type::integer, wanted);
  }

  void assign(Expr& e, Type wanted, Type likely) {
    Expr &target = *e.args[0], &value = *e.args[1];
    Type type = target.type;
    if (type == Type::unknown) type = value.type;
    if (type == Type::unknown) type = likely;
    expr(value, Type::unknown, type == Type::statistic ? Type::unknown : type);
    if (value.type == Type::statistic) {
      invalid_statistic(value);
      return;
    }
    expr(target, value.type != Type::unknown ? value.type : type);
    if (wanted != Type::unknown && target.type != Type::unknown && target.type != wanted)
      wrong_type(e, wanted, target.type);
    become(e, target.type);
  }

  void call(Expr& e, Type wanted, Type hint) {
    // All overloads that may run take the same arguments and give the same type.
    Type type = Type::unknown;
    for (std::optional<uint32_t> f = e.index; f; f = program_.functions[*f].next_overload) {
      std::vector<Cell>& parameters = function_locals_[*f];
      for (size_t i = 0; i < e.args.size(); ++i) argument(*e.args[i], parameters[i], i);
      learn(results_[*f], wanted, e);
      if (results_[*f].type == Type::unknown) learn(results_[*f], hint, e);
      if (type == Type::unknown) type = results_[*f].type;
    }
    become(e, type);
  }

  void argument(Expr& e, Cell& parameter, size_t index) {
    expr(e, Type::unknown, parameter.type);
    if (e.type == Type::statistic) return invalid_statistic(e);
    if (e.type == Type::unknown) return unresolved(e);
    if (parameter.first.where.line == 0 && parameter.type != Type::unknown) {
      if (e.type != parameter.type) wrong_type(e, parameter.type, e.type);
    } else {
      learn(parameter, e.type, e, fmt::format("index {}", index));
    }
  }

  void builtin(Expr& e, Type wanted) {
    const BuiltinInfo& about = info(static_cast<Builtin>(e.index));
    const std::string_view parameters = about.parameters();
    for (size_t i = 0; i < e.args.size() && i < parameters.size(); ++i)
      expr(*e.args[i], builtin_type(parameters[i]));
    const Type type = builtin_type(about.result());
    if (type != Type::unknown) fixed(e, type, wanted);
  }

  void print(Expr& e, Type wanted) {
    const PrintForm& form = side_.prints[e.index];
    if (form.with_format)
      formatted(e, form);
    else
      for (Expr* arg : e.args) printed(*arg);
    if (program_.prints[e.index].to_string) return fixed(e, Type::string, wanted);
    fixed(e, Type::integer, wanted);
  }

  void printed(Expr& e) {
    expr(e, Type::unknown);
    if (e.type == Type::unknown && e.kind == Kind::call) unresolved(e);
  }

  void formatted(Expr& e, const PrintForm& form) {
    using Amount = ast::FormatDirective::Amount;
    size_t next = 0;
    const auto take = [&](Type type) {
      if (next < e.args.size()) expr(*e.args[next++], type);
    };
    for (const ast::FormatDirective& d : form.directives) {
      if (d.width_kind == Amount::argument) take(Type::integer);
      if (d.precision_kind == Amount::argument) take(Type::integer);
      if (d.conversion == FormatPiece::Conversion::literal) continue;
      take(d.conversion == FormatPiece::Conversion::string ? Type::string : Type::integer);
    }
  }

  // ---- statements ----
  void stmt(Stmt& s) {
    switch (s.kind) {
      case Stmt::Kind::expression:
        return expr(*s.expr, Type::unknown);
      case Stmt::Kind::if_else:
        expr(*s.expr, Type::integer);
        return children(s);
      case Stmt::Kind::loop:
        if (s.init) expr(*s.init, Type::unknown);
        if (s.expr) expr(*s.expr, Type::integer);
        if (s.step) expr(*s.step, Type::unknown);
        return children(s);
      case Stmt::Kind::foreach:
        return foreach (s);
      case Stmt::Kind::foreach_bucket:
        expr(*s.expr, Type::statistic);
        learn((*locals_)[s.keys[0]], Type::integer, *s.expr);
        if (s.value_local) learn((*locals_)[*s.value_local], Type::integer, *s.expr);
        if (s.limit) expr(*s.limit, Type::integer);
        return children(s);
      case Stmt::Kind::try_catch:
        if (s.catch_target) expr(*s.catch_target, Type::string);
        return children(s);
      case Stmt::Kind::remove:
        return remove(s);
      case Stmt::Kind::return_:
        return s.expr ? return_value(*s.expr) : return_nothing({s.where, s.token});
      case Stmt::Kind::block:
        return children(s);
      case Stmt::Kind::next:
      case Stmt::Kind::break_:
      case Stmt::Kind::continue_:
        return;
    }
  }

  void children(Stmt& s) {
    for (Stmt* child : s.body)
      if (child) stmt(*child);
  }

  void return_value(Expr& e) {
    expr(e, Type::unknown, result_->type);
    if (e.type == Type::statistic) return invalid_statistic(e);
    if (result_->first.where.line == 0 && result_->type != Type::unknown) {
      if (e.type != Type::unknown && e.type != result_->type) wrong_type(e, result_->type, e.type);
    } else {
      learn(*result_, e.type, e);
    }
  }

  void return_nothing(Place at) {
    if (!reporting_ || result_->type == Type::unknown) return;
    if (result_->first.where.line == 0) {
      diagnostics_.add(DiagnosticKind::type_mismatch, std::move(at),
                       fmt::format("type mismatch: a {} is expected, and nothing is returned",
                                   type_name(result_->type)));
      return;
    }
    Diagnostic d{DiagnosticKind::type_mismatch, "type mismatch (unknown)", std::move(at)};
    d.notes.push_back({fmt::format("type was first inferred here ({})", type_name(result_->type)),
                       result_->first});
    diagnostics_.add(std::move(d));
  }

  void remove(Stmt& s) {
    if (s.expr->kind == Kind::element) keys(s.expr->args, s.expr->index);
    become(*s.expr, global_values_[s.expr->index].type);
    if (s.expr->type == Type::unknown) unresolved(*s.expr);
  }

  void foreach (Stmt& s) {
    std::vector<Cell>& cells = global_keys_[s.index];
    const Cell& value = global_values_[s.index];
    for (size_t i = 0; i < s.keys.size() && i < cells.size(); ++i)
      pair((*locals_)[s.keys[i]], cells[i], *s.expr);
    for (size_t i = 0; i < s.slice.size() && i < cells.size(); ++i)
      if (s.slice[i]) key(*s.slice[i], cells[i], i);
    if (s.limit) expr(*s.limit, Type::integer);
    if (s.value_local && value.type != Type::statistic)
      pair((*locals_)[*s.value_local], global_values_[s.index], *s.expr);
    if (s.value_local && value.type == Type::statistic) invalid_statistic(*s.expr);
    check_sort(s, value);
    // An array of which nothing is known but that it is walked over.
    for (const Cell& cell : cells)
      if (cell.type == Type::unknown) unresolved(*s.expr);
    if (value.type == Type::unknown) unresolved(*s.expr);
    children(s);
  }

  // A loop's variable and what it goes over are of one type.
  void pair(Cell& local, Cell& of, const Expr& at) {
    learn(local, of.type, at);
    if (of.type == Type::unknown) learn(of, local.type, at);
  }

  void check_sort(const Stmt& s, const Cell& value) {
    using Sort = ir::Iteration::Sort;
    const bool of_statistic = s.iteration.sort >= Sort::count;
    if (of_statistic && value.type != Type::statistic && value.type != Type::unknown && reporting_)
      diagnostics_.add(DiagnosticKind::type_mismatch, place_of(*s.expr),
                       fmt::format("invalid type {}", type_name(value.type)));
  }

  sem::Program& program_;
  const SideTables& side_;
  Diagnostics& diagnostics_;
  std::vector<Cell> global_values_, results_;
  std::vector<std::vector<Cell>> global_keys_, function_locals_, probe_locals_;
  std::vector<Cell>* locals_ = nullptr;
  Cell* result_ = nullptr;  // of the function that is walked
  bool changed_ = false, reporting_ = false;
};

}  // namespace

void infer_types(sem::Program& program, const SideTables& side, Diagnostics& diagnostics) {
  TypeInference(program, side, diagnostics).run();
}

void report_unresolved(sem::Program& program, Diagnostics& diagnostics) {
  sem::for_each_expr(program, [&](Expr*& e) {
    if (e->kind == Kind::unresolved && !e->text.empty())
      diagnostics.add(static_cast<DiagnosticKind>(e->value), place_of(*e), e->text);
    if (e->kind == Kind::autocast)
      diagnostics.add(DiagnosticKind::unresolved_target, place_of(*e),
                      "unknown type in dereference");
  });
}

}  // namespace stapd
