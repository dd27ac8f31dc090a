// Locals, globals and elements of arrays: read, assigned, updated.
#include "runtime/base/check.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Op;
using sem::Expr;

std::vector<FunctionLowering::Operand> FunctionLowering::keys_of(const Expr& element) {
  std::vector<Operand> keys;
  for (size_t i = 0; i < element.args.size(); ++i) {
    const Expr& key = *element.args[i];
    std::vector<const Expr*> later(element.args.begin() + i + 1, element.args.end());
    keys.push_back(stable(key.type == sem::Type::string ? string(key) : integer(key), later));
  }
  return keys;
}

FunctionLowering::Operand FunctionLowering::read_integer(const Expr& target) {
  if (target.kind == Expr::Kind::local) return locals_[target.index];
  Operand result = build_.make_reg();
  if (target.kind == Expr::Kind::global)
    build_.append(Op::global_load, {result}, {}, target.index);
  else
    build_.append(Op::array_load, {result}, keys_of(target), target.index);
  return result;
}

FunctionLowering::Operand FunctionLowering::read_string(const Expr& target) {
  if (target.kind == Expr::Kind::local) return locals_[target.index];
  Operand result = build_.make_slot(image_.image().globals[target.index].capacity);
  if (target.kind == Expr::Kind::global)
    build_.append(Op::global_load_string, {result}, {}, target.index);
  else
    build_.append(Op::array_load_string, {result}, keys_of(target), target.index);
  return result;
}

// A status that is not 0 is a full array.
void FunctionLowering::check_status(Operand status, const Expr& target) {
  uint32_t full = build_.make_block(), go_on = build_.make_block();
  build_.branch(ir::Compare::ne, status, Operand::imm(0), full, go_on);
  build_.set_block(full);
  uint32_t size = image_.program().globals[target.index].max_entries;
  raise_text(target, size ? fmt::format("Array overflow, check size limit ({})", size)
                          : "Array overflow, check MAXMAPENTRIES");
  build_.set_block(go_on);
}

// `keys`: those of an element that were lowered before, so that they are not evaluated again.
void FunctionLowering::write_integer(const Expr& target, Operand value,
                                     const std::vector<Operand>* keys) {
  switch (target.kind) {
    case Expr::Kind::local:
      build_.append(Op::mov, {locals_[target.index]}, {value});
      return;
    case Expr::Kind::global:
      build_.append(Op::global_store, {}, {value}, target.index);
      return;
    default:
      break;
  }
  Operand status = build_.make_reg();
  std::vector<Operand> args = {value};
  std::vector<Operand> own = keys ? *keys : keys_of(target);
  args.insert(args.end(), own.begin(), own.end());
  build_.append(Op::array_store, {status}, args, target.index);
  check_status(status, target);
}

void FunctionLowering::write_string(const Expr& target, Operand value,
                                    const std::vector<Operand>* keys) {
  switch (target.kind) {
    case Expr::Kind::local:
      return copy_string(locals_[target.index], value);
    case Expr::Kind::global:
      build_.append(Op::global_store_string, {}, {value}, target.index);
      return;
    default:
      break;
  }
  Operand status = build_.make_reg();
  std::vector<Operand> args = {value};
  std::vector<Operand> own = keys ? *keys : keys_of(target);
  args.insert(args.end(), own.begin(), own.end());
  build_.append(Op::array_store_string, {status}, args, target.index);
  check_status(status, target);
}

// SystemTap evaluates the keys of the target before the value.
std::vector<FunctionLowering::Operand> FunctionLowering::keys_before(const Expr& target,
                                                                     const Expr& value) {
  if (target.kind != Expr::Kind::element) return {};
  std::vector<Operand> keys = keys_of(target);
  for (Operand& key : keys) key = stable(key, {&value});
  return keys;
}

FunctionLowering::Operand FunctionLowering::assign(const Expr& expr) {
  const Expr &target = *expr.args[0], &value = *expr.args[1];
  const std::vector<Operand> keys = keys_before(target, value);
  if (target.type == sem::Type::string) {
    if (target.kind == Expr::Kind::local && !reads_local(value, target.index)) {
      string_into(locals_[target.index], value);
      return locals_[target.index];
    }
    Operand text = string(value);
    write_string(target, text, &keys);
    return text;
  }
  Operand number = integer(value);
  write_integer(target, number, &keys);
  return target.kind == Expr::Kind::local ? locals_[target.index] : number;
}

FunctionLowering::Operand FunctionLowering::update(const Expr& expr) {
  const Expr &target = *expr.args[0], &value = *expr.args[1];
  const std::vector<Operand> keys = keys_before(target, value);
  if (target.type == sem::Type::string) {
    if (target.kind == Expr::Kind::local && !reads_local(value, target.index)) {
      append(locals_[target.index], value);
      return locals_[target.index];
    }
    Operand tail = string(value);
    Operand whole = build_.make_slot(std::max(expr.capacity, 8u));
    if (target.kind == Expr::Kind::element)
      build_.append(Op::array_load_string, {whole}, keys, target.index);
    else
      copy_string(whole, read_string(target));
    build_.append(Op::str_append, {whole}, {whole, tail});
    write_string(target, whole, &keys);
    return whole;
  }
  if (target.kind != Expr::Kind::local && (expr.op == Op::add || expr.op == Op::sub)) {
    Operand summand = integer(value);
    if (expr.op == Op::sub) {
      Operand negated = build_.make_reg();
      build_.append(Op::neg, {negated}, {summand});
      summand = negated;
    }
    return add_with_keys(target, summand, true, keys);
  }
  Operand operand = integer(value);
  Operand old = build_.make_reg();
  if (target.kind == Expr::Kind::element)
    build_.append(Op::array_load, {old}, keys, target.index);
  else
    build_.append(Op::mov, {old}, {read_integer(target)});
  Operand result = arithmetic(expr, expr.op, old, operand);
  write_integer(target, result, &keys);
  return result;
}

FunctionLowering::Operand FunctionLowering::add_in_place(const Expr& target, Operand summand,
                                                         bool wants_value) {
  std::vector<Operand> keys;
  if (target.kind == Expr::Kind::element) keys = keys_of(target);
  return add_with_keys(target, summand, wants_value, keys);
}

FunctionLowering::Operand FunctionLowering::add_with_keys(const Expr& target, Operand summand,
                                                          bool wants_value,
                                                          const std::vector<Operand>& keys) {
  Operand result = wants_value ? build_.make_reg() : Operand{};
  if (target.kind == Expr::Kind::global) {
    build_.append(Op::global_add, {result}, {summand}, target.index);
    return result;
  }
  Operand status = build_.make_reg();
  std::vector<Operand> args = {summand};
  args.insert(args.end(), keys.begin(), keys.end());
  build_.append(Op::array_add, {result, status}, args, target.index);
  check_status(status, target);
  return result;
}

FunctionLowering::Operand FunctionLowering::increment(const Expr& expr) {
  const Expr& target = *expr.args[0];
  if (target.kind == Expr::Kind::local) {
    Operand variable = locals_[target.index];
    Operand old = build_.make_reg();
    if (!expr.prefix) build_.append(Op::mov, {old}, {variable});
    build_.append(Op::add, {variable}, {variable, Operand::imm(expr.value)});
    return expr.prefix ? variable : old;
  }
  Operand now = add_in_place(target, Operand::imm(expr.value), true);
  return expr.prefix ? now : build_.binary(Op::sub, now, Operand::imm(expr.value));
}

FunctionLowering::Operand FunctionLowering::accumulate(const Expr& expr) {
  const Expr &target = *expr.args[0], &value = *expr.args[1];
  const std::vector<Operand> keys = keys_before(target, value);
  Operand sample = integer(value), status = build_.make_reg();
  std::vector<Operand> args = {sample};
  args.insert(args.end(), keys.begin(), keys.end());
  build_.append(Op::stat_add, {status}, args, target.index);
  if (target.kind == Expr::Kind::element) check_status(status, target);
  return sample;
}

FunctionLowering::Operand FunctionLowering::read_statistic(const Expr& target) {
  std::vector<Operand> keys;
  if (target.kind == Expr::Kind::element) keys = keys_of(target);
  Operand statistic = build_.make_stat(target.index);
  build_.append(Op::stat_read, {statistic}, keys, target.index);
  return statistic;
}

}  // namespace stapd
