#include "translator/elaborate/fold_constants.h"

#include <algorithm>

#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using ir::Compare;
using ir::Op;
using sem::Expr;
using sem::Stmt;
using sem::Type;
using Kind = sem::Expr::Kind;

bool is_integer(const Expr* e) { return e->kind == Kind::integer; }
bool is_integer(const Expr* e, int64_t value) { return is_integer(e) && e->value == value; }
bool is_string(const Expr* e) { return e->kind == Kind::string; }

// What the runtime computes: two's complement, shifts by the low six bits, division toward 0.
// Nothing for a division by 0, which is an error when it is run.
std::optional<int64_t> compute(Op op, int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case Op::add:
      return static_cast<int64_t>(ua + ub);
    case Op::sub:
      return static_cast<int64_t>(ua - ub);
    case Op::mul:
      return static_cast<int64_t>(ua * ub);
    case Op::div:
      if (b == 0) return std::nullopt;
      return b == -1 ? static_cast<int64_t>(0 - ua) : a / b;
    case Op::mod:
      if (b == 0) return std::nullopt;
      return b == -1 ? 0 : a % b;
    case Op::bit_and:
      return a & b;
    case Op::bit_or:
      return a | b;
    case Op::bit_xor:
      return a ^ b;
    case Op::shl:
      return static_cast<int64_t>(ua << (b & 63));
    case Op::sar:
      return a >> (b & 63);
    case Op::shr:
      return static_cast<int64_t>(ua >> (b & 63));
    default:
      return std::nullopt;
  }
}

template <class T>
bool holds(Compare comparison, const T& a, const T& b) {
  switch (comparison) {
    case Compare::eq:
      return a == b;
    case Compare::ne:
      return a != b;
    case Compare::lt:
    case Compare::ult:
      return a < b;
    case Compare::le:
      return a <= b;
    case Compare::gt:
      return a > b;
    case Compare::ge:
      return a >= b;
  }
  return false;
}

class Folder {
 public:
  Folder(const sem::Program& program, const Usage& usage, Folding folding)
      : program_(program), usage_(usage), folding_(folding) {}

  void expr(Expr*& e) {
    sem::for_each_child(*e, [this](Expr*& child) { expr(child); });
    fold(e);
  }

  void stmt(Stmt*& s) {
    sem::for_each_child(
        *s, [this](Expr*& child) { expr(child); }, [this](Stmt*& child) { stmt(child); });
    if (s->kind == Stmt::Kind::if_else && is_integer(s->expr) &&
        (s->expr->settled || folding_ != Folding::defined))
      choose_branch(s);
    if (folding_ == Folding::defined) return;
    if (s->kind == Stmt::Kind::loop && s->expr && is_integer(s->expr, 0)) drop_loop(s);
    if (s->kind == Stmt::Kind::foreach && s->limit && is_integer(s->limit) && s->limit->value <= 0)
      replace_by_block(s, {});
  }

  bool changed() const { return changed_; }

 private:
  void replace_by_block(Stmt* s, std::vector<Stmt*> body) {
    s->kind = Stmt::Kind::block;
    s->body = std::move(body);
    s->init = s->expr = s->step = s->limit = s->catch_target = nullptr;
    s->slice.clear();
    s->keys.clear();
    s->value_local.reset();
    changed_ = true;
  }

  void choose_branch(Stmt* s) {
    Stmt* taken = s->body[s->expr->value != 0 ? 0 : 1];
    replace_by_block(s, taken ? std::vector<Stmt*>{taken} : std::vector<Stmt*>{});
  }

  // Only what it does first remains.
  void drop_loop(Stmt* s) {
    if (!s->init) return replace_by_block(s, {});
    Expr* init = s->init;
    replace_by_block(s, {});
    s->kind = Stmt::Kind::expression;
    s->expr = init;
  }

  void become_integer(Expr*& e, int64_t value) {
    e->kind = Kind::integer;
    e->type = Type::integer;
    e->value = value;
    e->settled = folding_ == Folding::defined;
    e->args.clear();
    changed_ = true;
  }
  // Another expression in its place, which is known to be of the type that this one had.
  void become(Expr*& e, Expr* other, Type type) {
    if (other->type == Type::unknown) other->type = type;
    e = other;
    changed_ = true;
  }

  // Whether constants among the operands may be used now.
  bool may_fold(const Expr& e) const {
    if (folding_ != Folding::defined) return true;
    return std::ranges::any_of(e.args, [](const Expr* arg) { return arg && arg->settled; });
  }

  void fold(Expr*& e) {
    if (!may_fold(*e)) return;
    switch (e->kind) {
      case Kind::conditional:
        if (is_integer(e->args[0])) become(e, e->args[e->args[0]->value ? 1 : 2], e->type);
        return;
      case Kind::logical_and:
      case Kind::logical_or:
        return logical(e);
      case Kind::logical_not:
        if (is_integer(e->args[0])) become_integer(e, !e->args[0]->value);
        return;
      case Kind::negate:
        if (is_integer(e->args[0]))
          become_integer(e, static_cast<int64_t>(0 - static_cast<uint64_t>(e->args[0]->value)));
        return;
      case Kind::bit_not:
        if (is_integer(e->args[0])) become_integer(e, ~e->args[0]->value);
        return;
      case Kind::binary:
        return binary(e);
      case Kind::compare:
        return compare(e);
      case Kind::concat:
        return concat(e);
      case Kind::call:
        if (folding_ == Folding::calls) call(e);
        return;
      default:
        return;
    }
  }

  void call(Expr*& e) {
    const sem::Function& function = program_.functions[e->index];
    const Stmt* body = function.body;
    while (body && body->kind == Stmt::Kind::block && body->body.size() == 1) body = body->body[0];
    if (!function.from_tapset || !body || body->kind != Stmt::Kind::return_ || !body->expr) return;
    const Expr& result = *body->expr;
    if (!is_integer(&result) && !is_string(&result)) return;
    for (const Expr* arg : e->args)
      if (!usage_.is_pure(*arg)) return;
    e->kind = result.kind;
    e->type = result.type;
    e->value = result.value;
    e->text = result.text;
    e->args.clear();
    changed_ = true;
  }

  void logical(Expr*& e) {
    const bool is_and = e->kind == Kind::logical_and;
    Expr *left = e->args[0], *right = e->args[1];
    if (is_integer(left)) {
      if ((left->value != 0) != is_and) return become_integer(e, !is_and);
      if (is_integer(right)) return become_integer(e, right->value != 0);
      return;
    }
    if (is_integer(right) && (right->value != 0) != is_and && usage_.is_pure(*left))
      become_integer(e, !is_and);
  }

  void binary(Expr*& e) {
    Expr *a = e->args[0], *b = e->args[1];
    if (is_integer(a) && is_integer(b)) {
      if (const std::optional<int64_t> value = compute(e->op, a->value, b->value))
        become_integer(e, *value);
      return;
    }
    switch (e->op) {
      case Op::add:
      case Op::bit_or:
      case Op::bit_xor:
        if (is_integer(a, 0)) return become(e, b, Type::integer);
        if (is_integer(b, 0)) return become(e, a, Type::integer);
        return;
      case Op::sub:
      case Op::shl:
      case Op::sar:
      case Op::shr:
        if (is_integer(b, 0)) return become(e, a, Type::integer);
        return;
      case Op::mul:
        if (is_integer(a, 1)) return become(e, b, Type::integer);
        if (is_integer(b, 1)) return become(e, a, Type::integer);
        return zero(e, a, b);
      case Op::div:
        if (is_integer(b, 1)) return become(e, a, Type::integer);
        return;
      case Op::bit_and:
        return zero(e, a, b);
      default:
        return;
    }
  }

  void zero(Expr*& e, const Expr* a, const Expr* b) {
    if ((is_integer(a, 0) && usage_.is_pure(*b)) || (is_integer(b, 0) && usage_.is_pure(*a)))
      become_integer(e, 0);
  }

  void compare(Expr*& e) {
    const Expr *a = e->args[0], *b = e->args[1];
    if (is_string(a) && is_string(b))
      return become_integer(e, holds(e->comparison, a->text.compare(b->text), 0));
    if (!is_integer(a) || !is_integer(b)) return;
    if (e->comparison == Compare::ult)
      become_integer(e, holds(e->comparison, static_cast<uint64_t>(a->value),
                              static_cast<uint64_t>(b->value)));
    else
      become_integer(e, holds(e->comparison, a->value, b->value));
  }

  void concat(Expr*& e) {
    std::vector<Expr*> parts;
    for (Expr* part : e->args) {
      const bool joins = is_string(part) && !parts.empty() && is_string(parts.back());
      if (joins)
        parts.back()->text += part->text;
      else
        parts.push_back(part);
    }
    std::erase_if(parts, [&](const Expr* part) {
      return is_string(part) && part->text.empty() && parts.size() > 1;
    });
    if (parts.empty()) parts.push_back(e->args[0]);
    if (parts.size() == e->args.size()) return;
    if (parts.size() == 1) return become(e, parts[0], Type::string);
    e->args = std::move(parts);
    changed_ = true;
  }

  const sem::Program& program_;
  const Usage& usage_;
  Folding folding_;
  bool changed_ = false;
};

}  // namespace

bool fold_constants(sem::Program& program, const Usage& usage, Folding folding) {
  Folder folder(program, usage, folding);
  for (sem::Function& function : program.functions)
    if (function.body) folder.stmt(function.body);
  for (sem::Probe& probe : program.probes) {
    if (probe.condition) folder.expr(probe.condition);
    if (probe.body) folder.stmt(probe.body);
  }
  return folder.changed();
}

}  // namespace stapd
