#include "runtime/base/check.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Compare;
using ir::Op;
using sem::Expr;

bool assigns_local(const Expr& expr) {
  bool assigns = expr.kind == Expr::Kind::assign || expr.kind == Expr::Kind::update ||
                 expr.kind == Expr::Kind::increment;
  if (assigns && expr.args[0]->kind == Expr::Kind::local) return true;
  for (const Expr* child : expr.args)
    if (child && assigns_local(*child)) return true;
  return false;
}

bool reads_local(const Expr& expr, uint32_t local) {
  if (expr.kind == Expr::Kind::local && expr.index == local) return true;
  for (const Expr* child : expr.args)
    if (child && reads_local(*child, local)) return true;
  return false;
}

FunctionLowering::Operand FunctionLowering::stable(Operand operand,
                                                   const std::vector<const Expr*>& later) {
  bool changes = false;
  for (const Expr* expr : later) changes |= expr && assigns_local(*expr);
  if (!changes) return operand;
  if (operand.kind == Operand::Kind::reg) {
    Operand copy = build_.make_reg();
    build_.append(Op::mov, {copy}, {operand});
    return copy;
  }
  if (operand.kind == Operand::Kind::slot) {
    Operand copy = build_.make_slot(function_.slots[operand.value]);
    build_.append(Op::str_copy, {copy}, {operand});
    return copy;
  }
  return operand;
}

void FunctionLowering::effect(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::increment:
    case Expr::Kind::update:
      if (expr.args[0]->type == sem::Type::integer && expr.args[0]->kind != Expr::Kind::local) {
        bool add = expr.kind == Expr::Kind::increment || expr.op == Op::add;
        if (add) {
          Operand summand = expr.kind == Expr::Kind::increment ? Operand::imm(expr.value)
                                                               : integer(*expr.args[1]);
          add_in_place(*expr.args[0], summand, false);
          return;
        }
      }
      break;
    case Expr::Kind::print:
      if (!image_.program().prints[expr.index].to_string) return print_record(expr);
      break;
    default:
      break;
  }
  if (expr.type == sem::Type::string)
    string(expr);
  else
    integer(expr);
}

FunctionLowering::Operand FunctionLowering::integer(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::integer:
      return Operand::imm(expr.value);
    case Expr::Kind::local:
      return locals_[expr.index];
    case Expr::Kind::global:
    case Expr::Kind::element:
      return read_integer(expr);
    case Expr::Kind::negate:
    case Expr::Kind::bit_not: {
      Operand result = build_.make_reg();
      build_.append(expr.kind == Expr::Kind::negate ? Op::neg : Op::bit_not, {result},
                    {integer(*expr.args[0])});
      return result;
    }
    case Expr::Kind::logical_not: {
      Operand result = build_.make_reg(), value = integer(*expr.args[0]);
      build_.append(Op::set, {result}, {value, Operand::imm(0)}, 0,
                    static_cast<int8_t>(Compare::eq));
      return result;
    }
    case Expr::Kind::binary:
      return binary(expr);
    case Expr::Kind::logical_and:
    case Expr::Kind::logical_or:
      return logical(expr);
    case Expr::Kind::conditional:
      return conditional(expr);
    case Expr::Kind::compare:
      return compare(expr);
    case Expr::Kind::regex:
      return regex(expr);
    case Expr::Kind::in_array:
      return in_array(expr);
    case Expr::Kind::assign:
      return assign(expr);
    case Expr::Kind::update:
      return update(expr);
    case Expr::Kind::increment:
      return increment(expr);
    case Expr::Kind::accumulate:
      return accumulate(expr);
    case Expr::Kind::call:
      return call(expr);
    case Expr::Kind::builtin:
      return builtin(expr);
    case Expr::Kind::print:
      return print(expr);
    case Expr::Kind::stat:
      return statistic_field(expr);
    case Expr::Kind::bucket:
      return bucket(expr);
    case Expr::Kind::raw_argument:
      return context_number(Op::argument, expr);
    case Expr::Kind::register_value:
      return context_number(Op::reg, expr);
    case Expr::Kind::user_register:
      return context_number(Op::user_reg, expr);
    case Expr::Kind::load:
      return load(expr);
    default:
      break;
  }
  fail_with(failf(ErrorCode::internal, "{}: elaboration left an expression that has no code",
                  image_.place_text(expr.where)));
  return Operand::imm(0);
}

FunctionLowering::Operand FunctionLowering::context_number(Op op, const sem::Expr& expr) {
  Operand result = build_.make_reg();
  build_.append(op, {result}, {}, static_cast<uint32_t>(expr.value));
  return result;
}

FunctionLowering::Operand FunctionLowering::arithmetic(const Expr& at, Op op, Operand a,
                                                       Operand b) {
  if (op == Op::div || op == Op::mod) return divide(at, op, a, b);
  return build_.binary(op, a, b);
}

FunctionLowering::Operand FunctionLowering::binary(const Expr& expr) {
  Operand a = stable(integer(*expr.args[0]), {expr.args[1]});
  return arithmetic(expr, expr.op, a, integer(*expr.args[1]));
}

FunctionLowering::Operand FunctionLowering::divide(const Expr& expr, Op op, Operand a, Operand b) {
  if (b == Operand::imm(0)) {
    raise_text(expr, "division by 0");
    return Operand::imm(0);
  }
  if (b.kind != Operand::Kind::imm) {
    uint32_t zero = build_.make_block(), go_on = build_.make_block();
    build_.branch(Compare::eq, b, Operand::imm(0), zero, go_on);
    build_.set_block(zero);
    raise_text(expr, "division by 0");
    build_.set_block(go_on);
  }
  return build_.binary(op, a, b);
}

FunctionLowering::Operand FunctionLowering::compare(const Expr& expr) {
  const Expr &left = *expr.args[0], &right = *expr.args[1];
  Operand result = build_.make_reg();
  if (left.type != sem::Type::string) {
    Operand a = stable(integer(left), {&right});
    build_.append(Op::set, {result}, {a, integer(right)}, 0, static_cast<int8_t>(expr.comparison));
    return result;
  }
  Operand a = stable(string(left), {&right});
  Operand b = string(right);
  if (expr.comparison == Compare::eq || expr.comparison == Compare::ne) {
    build_.append(Op::str_equal, {result}, {a, b});
    if (expr.comparison == Compare::eq) return result;
    return build_.binary(Op::bit_xor, result, Operand::imm(1));
  }
  build_.append(Op::str_compare, {result}, {a, b});
  Operand holds = build_.make_reg();
  build_.append(Op::set, {holds}, {result, Operand::imm(0)}, 0,
                static_cast<int8_t>(expr.comparison));
  return holds;
}

void FunctionLowering::condition(const Expr& expr, uint32_t then, uint32_t otherwise) {
  switch (expr.kind) {
    case Expr::Kind::logical_not:
      return condition(*expr.args[0], otherwise, then);
    case Expr::Kind::logical_and:
    case Expr::Kind::logical_or: {
      uint32_t second = build_.make_block();
      bool is_and = expr.kind == Expr::Kind::logical_and;
      condition(*expr.args[0], is_and ? second : then, is_and ? otherwise : second);
      build_.set_block(second);
      return condition(*expr.args[1], then, otherwise);
    }
    case Expr::Kind::compare:
      if (expr.args[0]->type != sem::Type::string) {
        Operand a = stable(integer(*expr.args[0]), {expr.args[1]});
        Operand b = integer(*expr.args[1]);
        return build_.branch(expr.comparison, a, b, then, otherwise);
      }
      break;
    default:
      break;
  }
  build_.branch(Compare::ne, integer(expr), Operand::imm(0), then, otherwise);
}

FunctionLowering::Operand FunctionLowering::logical(const Expr& expr) {
  Operand result = build_.make_reg();
  uint32_t yes = build_.make_block(), no = build_.make_block(), end = build_.make_block();
  condition(expr, yes, no);
  build_.set_block(yes);
  build_.append(Op::mov, {result}, {Operand::imm(1)});
  build_.jump(end);
  build_.set_block(no);
  build_.append(Op::mov, {result}, {Operand::imm(0)});
  build_.jump(end);
  build_.set_block(end);
  return result;
}

FunctionLowering::Operand FunctionLowering::conditional(const Expr& expr) {
  Operand result = build_.make_reg();
  uint32_t yes = build_.make_block(), no = build_.make_block(), end = build_.make_block();
  condition(*expr.args[0], yes, no);
  for (int i = 0; i < 2; ++i) {
    build_.set_block(i == 0 ? yes : no);
    build_.append(Op::mov, {result}, {integer(*expr.args[1 + i])});
    build_.jump(end);
  }
  build_.set_block(end);
  return result;
}

// The builtin that a function of the library consists of, with the function's own parameters: a
// call is the builtin's, with the caller's place in its messages.
const Expr* FunctionLowering::wrapped_builtin(const sem::Function& function) {
  const sem::Stmt* stmt = function.from_tapset ? function.body : nullptr;
  while (stmt && stmt->kind == sem::Stmt::Kind::block && stmt->body.size() == 1)
    stmt = stmt->body[0];
  if (!stmt || stmt->kind != sem::Stmt::Kind::expression) return nullptr;
  const Expr& expr = *stmt->expr;
  if (expr.kind != Expr::Kind::builtin || expr.args.size() != function.parameters) return nullptr;
  for (uint32_t i = 0; i < expr.args.size(); ++i)
    if (expr.args[i]->kind != Expr::Kind::local || expr.args[i]->index != i) return nullptr;
  return &expr;
}

// Calls the first overload; when it says `next`, the one after it, and so on.
FunctionLowering::Operand FunctionLowering::call(const Expr& expr) {
  const sem::Program& program = image_.program();
  if (const Expr* wrapped = wrapped_builtin(program.functions[expr.index])) {
    Expr direct = expr;
    direct.kind = Expr::Kind::builtin;
    direct.index = wrapped->index;
    return builtin(direct);
  }
  std::vector<Operand> args;
  for (size_t i = 0; i < expr.args.size(); ++i) {
    std::vector<const Expr*> later(expr.args.begin() + i + 1, expr.args.end());
    const Expr& arg = *expr.args[i];
    args.push_back(stable(arg.type == sem::Type::string ? string(arg) : integer(arg), later));
  }
  const sem::Function* callee = &program.functions[expr.index];
  Operand result;
  if (callee->type == sem::Type::string)
    result = build_.make_slot(std::max(expr.capacity, callee->capacity));
  else if (callee->type != sem::Type::unknown)
    result = build_.make_reg();
  uint32_t end = build_.make_block();
  for (std::optional<uint32_t> index = expr.index; index; index = callee->next_overload) {
    callee = &program.functions[*index];
    std::vector<Operand> dst;
    if (result.kind != Operand::Kind::none) dst.push_back(result);
    Operand says_next;
    if (callee->may_next) dst.push_back(says_next = build_.make_reg());
    if (callee->recursive) check_nesting(*callee);
    uint32_t back = build_.make_block();
    uint32_t caught = catches_.empty() ? ir::kNoBlock : caught_call_block();
    build_.append(Op::call, dst, args, *index).target = {back, caught};
    build_.set_block(back);
    if (!callee->may_next) break;
    uint32_t another = build_.make_block();
    build_.branch(Compare::ne, says_next, Operand::imm(0), another, end);
    build_.set_block(another);
    if (!callee->next_overload) {
      raise_text(expr, "all functions exhausted");
      break;
    }
  }
  if (!build_.is_closed()) build_.jump(end);
  build_.set_block(end);
  return result.kind == Operand::Kind::none ? Operand::imm(0) : result;
}

void FunctionLowering::check_nesting(const sem::Function& callee) {
  Operand exceeded = build_.make_reg();
  build_.append(Op::nesting, {exceeded}, {});
  uint32_t too_deep = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::ne, exceeded, Operand::imm(0), too_deep, go_on);
  build_.set_block(too_deep);
  Expr at;
  at.where = callee.where;
  at.token = fmt::format("identifier '{}'", callee.name);
  raise_text(at, "MAXNESTING exceeded");
  build_.set_block(go_on);
}

// Where a call goes on that came back with an error: its message to the catch around it.
uint32_t FunctionLowering::caught_call_block() {
  uint32_t here = build_.block();
  uint32_t block = build_.make_block();
  build_.set_block(block);
  const Catch& target = catches_.back();
  close_iterations(target.iterations);
  if (target.message) build_.append(Op::error_text, {*target.message}, {});
  build_.jump(target.block);
  build_.set_block(here);
  return block;
}

FunctionLowering::Operand FunctionLowering::load(const Expr& expr) {
  Operand address = integer(*expr.args[0]);
  Operand value = build_.make_reg(), status = build_.make_reg();
  build_.append(Op::load, {value, status}, {address}, static_cast<uint32_t>(expr.space), expr.size);
  uint32_t fault = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::ne, status, Operand::imm(0), fault, go_on);
  build_.set_block(fault);
  raise_fault(expr, expr.space, expr.text, address);
  build_.set_block(go_on);
  return value;
}

FunctionLowering::Operand FunctionLowering::in_array(const Expr& expr) {
  bool wild = false;
  for (const Expr* key : expr.args) wild |= key == nullptr;
  Operand result = build_.make_reg();
  if (!wild) {
    build_.append(Op::array_has, {result}, keys_of(expr), expr.index);
    return result;
  }
  const GlobalSpec& global = image_.image().globals[expr.index];
  std::vector<Operand> open = {Operand::imm(1)}, next = {result};
  for (size_t i = 0; i < expr.args.size(); ++i) {
    const Expr* key = expr.args[i];
    open.push_back(!key                             ? Operand::any()
                   : key->type == sem::Type::string ? string(*key)
                                                    : integer(*key));
    next.push_back(global.key[i].is_string ? build_.make_slot(global.key[i].size)
                                           : build_.make_reg());
  }
  next.push_back({});
  int8_t index = static_cast<int8_t>(function_.iterations.size());
  function_.iterations.push_back({});
  open_iteration(open, expr.index, index);
  build_.append(Op::iter_next, next, {}, expr.index, index);
  build_.append(Op::iter_close, {}, {}, expr.index, index);
  return result;
}

FunctionLowering::Operand FunctionLowering::statistic_field(const Expr& expr) {
  Operand statistic = read_statistic(*expr.args[0]);
  Operand result = build_.make_reg();
  if (expr.field != ir::StatField::count && expr.field != ir::StatField::sum)
    check_not_empty(expr, statistic);
  build_.append(Op::stat_field, {result}, {statistic, Operand::imm(0)}, 0,
                static_cast<int8_t>(expr.field));
  return result;
}

void FunctionLowering::check_not_empty(const Expr& at, Operand statistic) {
  Operand count = build_.make_reg();
  build_.append(Op::stat_field, {count}, {statistic, Operand::imm(0)}, 0,
                static_cast<int8_t>(ir::StatField::count));
  uint32_t empty = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::eq, count, Operand::imm(0), empty, go_on);
  build_.set_block(empty);
  raise_text(at, "empty aggregate");
  build_.set_block(go_on);
}

FunctionLowering::Operand FunctionLowering::bucket(const Expr& expr) {
  Operand index = integer(*expr.args[1]);
  Operand statistic = read_statistic(*expr.args[0]);
  check_not_empty(expr, statistic);
  const GlobalSpec& global = image_.image().globals[expr.args[0]->index];
  uint32_t outside = build_.make_block(), go_on = build_.make_block();
  Operand checked = build_.make_reg();
  build_.append(Op::mov, {checked}, {index});
  build_.branch(Compare::ult, checked, Operand::imm(global.statistic.histogram->buckets), go_on,
                outside);
  build_.set_block(outside);
  raise_text(expr, "histogram index out of range");
  build_.set_block(go_on);
  Operand result = build_.make_reg();
  build_.append(Op::stat_field, {result}, {statistic, checked}, 0,
                static_cast<int8_t>(ir::StatField::bucket));
  return result;
}

}  // namespace stapd
