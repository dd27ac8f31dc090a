#include "translator/elaborate/bind_body.h"

namespace stapd {

using ast::StmtKind;
using sem::Stmt;

Stmt* BodyBinder::make(Stmt::Kind kind, const Token& token) {
  Stmt* stmt = builder_.program().make_stmt(kind, token.where);
  stmt->token = describe(token);
  return stmt;
}

Stmt* BodyBinder::bind_part(const HandlerPart& part) {
  script_ = part.script;
  part_ = part.body;
  return bind(*part.body);
}

Stmt* BodyBinder::bind(const ast::Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::null:
      return make(Stmt::Kind::block, stmt.token);
    case StmtKind::block:
      return bind_block(ast::as<ast::Block>(stmt));
    case StmtKind::expression: {
      Stmt* s = make(Stmt::Kind::expression, stmt.token);
      s->expr = bind(*ast::as<ast::ExprStmt>(stmt).expr);
      return s;
    }
    case StmtKind::if_:
      return bind_if(ast::as<ast::If>(stmt));
    case StmtKind::loop:
      return bind_loop(ast::as<ast::Loop>(stmt));
    case StmtKind::foreach:
      return bind_foreach(ast::as<ast::Foreach>(stmt));
    case StmtKind::try_:
      return bind_try(ast::as<ast::Try>(stmt));
    case StmtKind::return_: {
      Stmt* s = make(Stmt::Kind::return_, stmt.token);
      if (const ast::Expr* value = ast::as<ast::Return>(stmt).value) s->expr = bind(*value);
      return s;
    }
    case StmtKind::delete_:
      return bind_delete(ast::as<ast::Delete>(stmt));
    case StmtKind::next:
      return make(Stmt::Kind::next, stmt.token);
    case StmtKind::break_:
      return make(Stmt::Kind::break_, stmt.token);
    case StmtKind::continue_:
      return make(Stmt::Kind::continue_, stmt.token);
    case StmtKind::embedded_stmt:
      break;  // a function's whole body, never a statement
  }
  STAPD_UNREACHABLE("statement kind");
}

Stmt* BodyBinder::bind_block(const ast::Block& block) {
  Stmt* s = make(Stmt::Kind::block, block.token);
  for (const ast::Stmt* child : block.body) s->body.push_back(bind(*child));
  return s;
}

Stmt* BodyBinder::bind_if(const ast::If& s) {
  Stmt* stmt = make(Stmt::Kind::if_else, s.token);
  stmt->expr = bind(*s.condition);
  stmt->body = {bind(*s.then), s.otherwise ? bind(*s.otherwise) : nullptr};
  return stmt;
}

Stmt* BodyBinder::bind_loop(const ast::Loop& s) {
  Stmt* loop = make(Stmt::Kind::loop, s.token);
  if (s.init) loop->init = bind(*s.init);
  if (s.condition) loop->expr = bind(*s.condition);
  if (s.step) loop->step = bind(*s.step);
  loop->body = {bind(*s.body)};
  return loop;
}

Stmt* BodyBinder::bind_foreach(const ast::Foreach& s) {
  if (const auto* histogram = ast::maybe<ast::Histogram>(s.base))
    return bind_foreach_histogram(s, *histogram);
  return bind_foreach_array(s, ast::as<ast::Name>(*s.base));
}

// The local that a key or value goes to. When the name is a global's, a local of the loop's own is
// copied to it at the start of each round.
uint32_t BodyBinder::bind_loop_name(const ast::Name& name, std::vector<Stmt*>& copies) {
  sem::Expr* variable = bind_name(name);
  if (variable->kind == sem::Expr::Kind::local) return variable->index;
  const uint32_t local = add_local(fmt::format("__{}_{}", name.name, locals_.size()), name.token);
  sem::Expr* assign = make(sem::Expr::Kind::assign, name.token);
  assign->args = {variable, make_local(local, name.token)};
  Stmt* copy = make(Stmt::Kind::expression, name.token);
  copy->expr = assign;
  copies.push_back(copy);
  return local;
}

void BodyBinder::bind_foreach_names(const ast::Foreach& s, Stmt& loop) {
  std::vector<Stmt*> copies;
  for (const ast::Name* key : s.keys) loop.keys.push_back(bind_loop_name(*key, copies));
  if (s.value) loop.value_local = bind_loop_name(*s.value, copies);
  if (s.limit) loop.limit = bind(*s.limit);
  Stmt* body = bind(*s.body);
  if (!copies.empty()) {
    Stmt* block = make(Stmt::Kind::block, s.body->token);
    block->body = copies;
    block->body.push_back(body);
    body = block;
  }
  loop.body = {body};
}

Stmt* BodyBinder::bind_foreach_array(const ast::Foreach& s, const ast::Name& name) {
  Stmt* loop = make(Stmt::Kind::foreach, s.token);
  const std::optional<uint32_t> global = array(name, s.keys.size());
  loop->index = global.value_or(0);
  sem::Expr* base = make(sem::Expr::Kind::global, name.token);
  base->index = loop->index;
  loop->expr = base;
  if (!s.slice.empty() && s.slice.size() != s.keys.size())
    fault(DiagnosticKind::inconsistent_arity, name.token,
          fmt::format("unresolved arity-{} global array {}, missing global declaration?",
                      s.slice.size(), name.name));
  for (const ast::Expr* part : s.slice) loop->slice.push_back(part ? bind(*part) : nullptr);
  using Sort = ir::Iteration::Sort;
  switch (s.sort) {
    case ast::Foreach::Sort::none:
      break;
    case ast::Foreach::Sort::by_key:
      loop->iteration.sort = Sort::key;
      loop->iteration.key_part = static_cast<uint8_t>(s.sort_key);
      break;
    case ast::Foreach::Sort::by_value:
      loop->iteration.sort = Sort::value;
      if (s.sort_statistic)
        loop->iteration.sort =
            static_cast<Sort>(static_cast<int>(Sort::count) + static_cast<int>(*s.sort_statistic));
      break;
  }
  loop->iteration.descending = s.descending;
  bind_foreach_names(s, *loop);
  return loop;
}

Stmt* BodyBinder::bind_foreach_histogram(const ast::Foreach& s, const ast::Histogram& histogram) {
  Stmt* loop = make(Stmt::Kind::foreach_bucket, s.token);
  loop->expr = bind_histogram(histogram);
  if (s.keys.size() != 1)
    fault(DiagnosticKind::unresolved_type, s.token, "unresolved type", "a histogram has one index");
  // SystemTap takes no notice of it.
  if (s.sort != ast::Foreach::Sort::none &&
      (s.sort == ast::Foreach::Sort::by_value || s.descending))
    fault(DiagnosticKind::unsorted_buckets, s.token,
          "the buckets of a histogram come in ascending order, whatever order is asked for");
  bind_foreach_names(s, *loop);
  return loop;
}

Stmt* BodyBinder::bind_try(const ast::Try& s) {
  Stmt* stmt = make(Stmt::Kind::try_catch, s.token);
  Stmt* body = bind(*s.body);
  if (s.variable) stmt->catch_target = bind_name(*s.variable);
  stmt->body = {body, bind(*s.handler)};
  return stmt;
}

Stmt* BodyBinder::bind_delete(const ast::Delete& s) {
  Stmt* stmt = make(Stmt::Kind::remove, s.token);
  if (const auto* name = ast::maybe<ast::Name>(s.operand)) {
    if (const std::optional<uint32_t> global = builder_.find_global(name->name, *script_)) {
      stmt->expr = make(sem::Expr::Kind::global, name->token);
      stmt->expr->index = *global;
      return stmt;
    }
    fault(DiagnosticKind::unresolved_array, name->token, "unresolved array in delete statement",
          "only globals can be deleted");
  } else if (const auto* index = ast::maybe<ast::Index>(s.operand);
             index && index->base->kind == ast::ExprKind::name) {
    stmt->expr = bind_index(*index, true);
    return stmt;
  } else {
    bind(*s.operand);
    fault(DiagnosticKind::bad_delete, s.operand->token, "invalid operand of delete expression");
  }
  stmt->kind = Stmt::Kind::block;
  return stmt;
}

}  // namespace stapd
