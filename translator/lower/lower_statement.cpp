#include "runtime/base/check.h"
#include "runtime/record/record_layout.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::Compare;
using ir::Op;
using sem::Stmt;

Status FunctionLowering::lower_function(const sem::Function& source) {
  source_ = &source;
  function_.name = source.mangled_name.empty() ? source.name : source.mangled_name;
  function_.may_next = source.may_next;
  function_.recursive = source.recursive;
  local_types_ = source.locals;
  for (const sem::Local& local : source.locals)
    locals_.push_back(local.type == sem::Type::string ? build_.make_slot(local.capacity)
                                                      : build_.make_reg());
  for (uint32_t i = 0; i < source.parameters; ++i) function_.params.push_back(locals_[i]);
  if (source.body && source.recursive) count_actions(*source.body);
  if (source.body) statement(*source.body);
  if (!build_.is_closed()) return_({});
  return status_;
}

Status FunctionLowering::lower_handler(const sem::Probe& probe) {
  function_.is_handler = true;
  local_types_ = probe.locals;
  for (const sem::Local& local : probe.locals)
    locals_.push_back(local.type == sem::Type::string ? build_.make_slot(local.capacity)
                                                      : build_.make_reg());
  build_.set_where(image_.place(probe.where));
  if (probe.condition) {
    uint32_t then = build_.make_block(), otherwise = build_.make_block();
    condition(*probe.condition, then, otherwise);
    build_.set_block(otherwise);
    build_.append(Op::done, {}, {});
    build_.set_block(then);
  }
  if (probe.body) statement(*probe.body);
  if (!build_.is_closed()) build_.append(Op::done, {}, {});
  return status_;
}

Status FunctionLowering::lower_condition(const sem::Probe& probe) {
  uint32_t holds = build_.make_block(), fails = build_.make_block();
  catches_.push_back({holds, std::nullopt, 0});
  condition(*probe.condition, holds, fails);
  build_.set_block(holds);
  build_.append(Op::ret, {}, {ir::Operand::imm(1)});
  build_.set_block(fails);
  build_.append(Op::ret, {}, {ir::Operand::imm(0)});
  return status_;
}

void FunctionLowering::statement(const Stmt& stmt) {
  if (stmt.where.line) build_.set_where(image_.place(stmt.where));
  switch (stmt.kind) {
    case Stmt::Kind::expression:
      return effect(*stmt.expr);
    case Stmt::Kind::block:
      for (const Stmt* child : stmt.body)
        if (child) statement(*child);
      return;
    case Stmt::Kind::if_else:
      return if_else(stmt);
    case Stmt::Kind::loop:
      return loop(stmt);
    case Stmt::Kind::foreach:
      return foreach_array(stmt);
    case Stmt::Kind::foreach_bucket:
      return foreach_bucket(stmt);
    case Stmt::Kind::try_catch:
      return try_catch(stmt);
    case Stmt::Kind::remove:
      return remove(stmt);
    case Stmt::Kind::return_:
      return return_(stmt);
    case Stmt::Kind::next:
      return next();
    case Stmt::Kind::break_:
      return leave_loop(false);
    case Stmt::Kind::continue_:
      return leave_loop(true);
  }
}

void FunctionLowering::if_else(const Stmt& stmt) {
  uint32_t then = build_.make_block(), otherwise = build_.make_block(), end = build_.make_block();
  condition(*stmt.expr, then, otherwise);
  build_.set_block(then);
  statement(*stmt.body[0]);
  if (!build_.is_closed()) build_.jump(end);
  build_.set_block(otherwise);
  if (stmt.body.size() > 1 && stmt.body[1]) statement(*stmt.body[1]);
  if (!build_.is_closed()) build_.jump(end);
  build_.set_block(end);
}

namespace {

// Statements that one round of a loop's body can execute at most, loops inside counted once.
int count_statements(const Stmt& stmt) {
  int count = stmt.kind == Stmt::Kind::block ? 0 : 1;
  for (const Stmt* child : stmt.body)
    if (child) count += count_statements(*child);
  return count;
}

}  // namespace

// MAXACTION: the statements of a round of a loop, or of a call that recurs, are paid for at its
// start.
void FunctionLowering::count_actions(const Stmt& body) {
  Operand spent = build_.make_reg();
  int statements = std::min(127, 1 + count_statements(body));
  build_.append(Op::action, {spent}, {}, 0, static_cast<int8_t>(statements));
  uint32_t exceeded = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::ne, spent, Operand::imm(0), exceeded, go_on);
  build_.set_block(exceeded);
  sem::Expr at;
  at.where = body.where;
  at.token = body.token;
  raise_text(at, "MAXACTION exceeded", false);
  build_.set_block(go_on);
}

void FunctionLowering::loop(const Stmt& stmt) {
  if (stmt.init) effect(*stmt.init);
  uint32_t head = build_.make_block(), body = build_.make_block(), step = build_.make_block(),
           end = build_.make_block();
  build_.jump(head);
  build_.set_block(head);
  if (stmt.expr)
    condition(*stmt.expr, body, end);
  else
    build_.jump(body);
  build_.set_block(body);
  count_actions(*stmt.body[0]);
  loops_.push_back({step, end, iterations_.size()});
  statement(*stmt.body[0]);
  loops_.pop_back();
  if (!build_.is_closed()) build_.jump(step);
  build_.set_block(step);
  if (stmt.step) effect(*stmt.step);
  build_.jump(head);
  build_.set_block(end);
}

void FunctionLowering::foreach_array(const Stmt& stmt) {
  const GlobalSpec& global = image_.image().globals[stmt.index];
  Operand limit = stmt.limit ? integer(*stmt.limit) : Operand::imm(-1);
  if (stmt.limit) {
    // Not above 0: no round at all; the iteration's own negative limit means none.
    Operand kept = build_.make_reg();
    uint32_t negative = build_.make_block(), set = build_.make_block();
    build_.append(Op::mov, {kept}, {limit});
    build_.branch(Compare::lt, kept, Operand::imm(0), negative, set);
    build_.set_block(negative);
    build_.append(Op::mov, {kept}, {Operand::imm(0)});
    build_.jump(set);
    build_.set_block(set);
    limit = kept;
  }
  std::vector<Operand> open = {limit};
  for (size_t i = 0; i < global.key.size(); ++i) {
    const sem::Expr* part = i < stmt.slice.size() ? stmt.slice[i] : nullptr;
    if (!part)
      open.push_back(Operand::any());
    else
      open.push_back(part->type == sem::Type::string ? string(*part) : integer(*part));
  }
  int8_t index = static_cast<int8_t>(function_.iterations.size());
  function_.iterations.push_back(stmt.iteration);
  open_iteration(open, stmt.index, index);

  uint32_t head = build_.make_block(), body = build_.make_block(), end = build_.make_block(),
           leave = build_.make_block();
  build_.jump(head);
  build_.set_block(head);
  Operand more = build_.make_reg();
  std::vector<Operand> next = {more};
  for (uint32_t key : stmt.keys) next.push_back(locals_[key]);
  next.push_back(stmt.value_local ? locals_[*stmt.value_local] : Operand{});
  build_.append(Op::iter_next, next, {}, stmt.index, index);
  build_.branch(Compare::ne, more, Operand::imm(0), body, end);
  build_.set_block(body);
  iterations_.push_back({stmt.index, static_cast<uint32_t>(index)});
  count_actions(*stmt.body[0]);
  loops_.push_back({head, leave, iterations_.size()});
  statement(*stmt.body[0]);
  loops_.pop_back();
  if (!build_.is_closed()) build_.jump(head);
  build_.set_block(leave);
  build_.jump(end);
  build_.set_block(end);
  close_iterations(iterations_.size() - 1);
  iterations_.pop_back();
}

// The place where a handler gathers what it walks through is used by one handler at a time: one
// that does not get it is skipped.
void FunctionLowering::open_iteration(const std::vector<Operand>& args, uint32_t global,
                                      int8_t index) {
  Operand status = build_.make_reg();
  build_.append(Op::iter_open, {status}, args, global, index);
  uint32_t skipped = build_.make_block(), go_on = build_.make_block();
  build_.branch(Compare::ne, status, Operand::imm(0), skipped, go_on);
  build_.set_block(skipped);
  build_.append(Op::skip, {}, {}, 0, static_cast<int8_t>(DropCause::lock_timeout));
  build_.set_block(go_on);
}

// Ends the foreach loops above a depth, on a way out of them.
void FunctionLowering::close_iterations(size_t down_to) {
  for (size_t i = iterations_.size(); i-- > down_to;)
    build_.append(Op::iter_close, {}, {}, iterations_[i].global,
                  static_cast<int8_t>(iterations_[i].index));
}

void FunctionLowering::foreach_bucket(const Stmt& stmt) {
  const sem::Expr& variable = *stmt.expr->args[0];
  Operand statistic = read_statistic(variable);
  const GlobalSpec& global = image_.image().globals[variable.index];
  STAPD_CHECK(global.statistic.histogram.has_value());
  Operand index = locals_[stmt.keys[0]], round = build_.make_reg();
  Operand limit = stmt.limit ? integer(*stmt.limit) : Operand::imm(INT64_MAX);
  build_.append(Op::mov, {round}, {Operand::imm(0)});
  uint32_t head = build_.make_block(), inside = build_.make_block(), body = build_.make_block(),
           step = build_.make_block(), end = build_.make_block();
  build_.jump(head);
  build_.set_block(head);
  build_.branch(Compare::lt, round, Operand::imm(global.statistic.histogram->buckets), inside, end);
  build_.set_block(inside);
  build_.branch(Compare::lt, round, limit, body, end);
  build_.set_block(body);
  build_.append(Op::mov, {index}, {round});
  if (stmt.value_local)
    build_.append(Op::stat_field, {locals_[*stmt.value_local]}, {statistic, round}, 0,
                  static_cast<int8_t>(ir::StatField::bucket));
  count_actions(*stmt.body[0]);
  loops_.push_back({step, end, iterations_.size()});
  statement(*stmt.body[0]);
  loops_.pop_back();
  if (!build_.is_closed()) build_.jump(step);
  build_.set_block(step);
  build_.append(Op::add, {round}, {round, Operand::imm(1)});
  build_.jump(head);
  build_.set_block(end);
}

void FunctionLowering::try_catch(const Stmt& stmt) {
  uint32_t handler = build_.make_block(), end = build_.make_block();
  Catch frame{handler, std::nullopt, iterations_.size()};
  if (stmt.catch_target) frame.message = build_.make_slot(image_.program().limits.max_string);
  catches_.push_back(frame);
  statement(*stmt.body[0]);
  catches_.pop_back();
  if (!build_.is_closed()) build_.jump(end);
  build_.set_block(handler);
  if (stmt.catch_target) write_string(*stmt.catch_target, *frame.message, nullptr);
  if (stmt.body.size() > 1 && stmt.body[1]) statement(*stmt.body[1]);
  if (!build_.is_closed()) build_.jump(end);
  build_.set_block(end);
}

void FunctionLowering::remove(const Stmt& stmt) {
  const sem::Expr& target = *stmt.expr;
  const GlobalSpec& global = image_.image().globals[target.index];
  if (target.kind == sem::Expr::Kind::element) {
    for (const sem::Expr* key : target.args)
      if (!key) return remove_slice(target);
    build_.append(Op::array_delete, {}, keys_of(target), target.index);
  } else if (global.is_array || global.kind == ValueKind::statistic) {
    build_.append(Op::array_clear, {}, {}, target.index);
  } else if (global.kind == ValueKind::string) {
    build_.append(Op::global_store_string, {}, {image_.literal("")}, target.index);
  } else {
    build_.append(Op::global_store, {}, {Operand::imm(0)}, target.index);
  }
}

// Every element that matches: a foreach that deletes what it is at.
void FunctionLowering::remove_slice(const sem::Expr& target) {
  const GlobalSpec& global = image_.image().globals[target.index];
  std::vector<Operand> open = {Operand::imm(-1)}, keys;
  for (size_t i = 0; i < target.args.size(); ++i) {
    const sem::Expr* part = target.args[i];
    open.push_back(!part                             ? Operand::any()
                   : part->type == sem::Type::string ? string(*part)
                                                     : integer(*part));
    keys.push_back(global.key[i].is_string ? build_.make_slot(global.key[i].size)
                                           : build_.make_reg());
  }
  int8_t index = static_cast<int8_t>(function_.iterations.size());
  function_.iterations.push_back({});
  open_iteration(open, target.index, index);
  uint32_t head = build_.make_block(), body = build_.make_block(), end = build_.make_block();
  build_.jump(head);
  build_.set_block(head);
  Operand more = build_.make_reg();
  std::vector<Operand> next = {more};
  next.insert(next.end(), keys.begin(), keys.end());
  next.push_back({});
  build_.append(Op::iter_next, next, {}, target.index, index);
  build_.branch(Compare::ne, more, Operand::imm(0), body, end);
  build_.set_block(body);
  build_.append(Op::array_delete, {}, keys, target.index);
  build_.jump(head);
  build_.set_block(end);
  build_.append(Op::iter_close, {}, {}, target.index, index);
}

void FunctionLowering::return_(const Stmt& stmt) {
  std::vector<Operand> values;
  bool has_value = source_->type != sem::Type::unknown;
  if (has_value && source_->type == sem::Type::string)
    values.push_back(stmt.expr ? string(*stmt.expr) : image_.literal(""));
  else if (has_value)
    values.push_back(stmt.expr ? integer(*stmt.expr) : Operand::imm(0));
  else if (stmt.expr)
    effect(*stmt.expr);
  if (function_.may_next) values.push_back(Operand::imm(0));
  close_iterations(0);
  build_.append(Op::ret, {}, values);
}

void FunctionLowering::next() {
  close_iterations(0);
  if (!source_) {
    build_.append(Op::done, {}, {});
    return;
  }
  std::vector<Operand> values;
  if (source_->type == sem::Type::string)
    values.push_back(image_.literal(""));
  else if (source_->type != sem::Type::unknown)
    values.push_back(Operand::imm(0));
  values.push_back(Operand::imm(1));
  build_.append(Op::ret, {}, values);
}

void FunctionLowering::leave_loop(bool again) {
  const Loop& target = loops_.back();
  close_iterations(target.iterations);
  build_.jump(again ? target.again : target.end);
}

}  // namespace stapd
