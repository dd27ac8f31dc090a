// Binds one handler or function: syntax trees to the elaborated program's, with every name looked
// up. Types are not known yet, and target variables become loads. Inside the room only.
#pragma once

#include <functional>

#include "translator/elaborate/program_builder.h"

namespace stapd {

class BodyBinder {
 public:
  // `locals`: of the body; parameters are in already. `probe`: null in a function that needs none.
  BodyBinder(ProgramBuilder& builder, std::vector<sem::Local>& locals, const DerivedProbe* probe,
             bool in_function)
      : builder_(builder), locals_(locals), probe_(probe), in_function_(in_function) {
    for (uint32_t i = 0; i < locals.size(); ++i) local_names_.emplace(locals[i].name, i);
  }

  // All parts of one handler go through one binder: they share their locals.
  sem::Stmt* bind_part(const HandlerPart& part);
  sem::Expr* bind_condition(const ConditionPart& part);
  sem::Expr* bind_expr_of(const ast::Expr& expr, const ast::Script& script);

  // What @entry() in this body wants saved at the function's entry, and the local that gets it.
  struct Saved {
    const ast::Expr* expr;
    const ast::Script* script;
    uint32_t local;
  };
  const std::vector<Saved>& saved() const { return saved_; }
  uint32_t add_local(std::string name, const Token& token);

 private:
  friend class TargetBinder;
  using Expr = sem::Expr;
  using Stmt = sem::Stmt;

  // ---- making nodes
  Expr* make(Expr::Kind kind, const Token& token);
  Expr* make_integer(int64_t value, const Token& token);
  Expr* make_string(std::string text, const Token& token);
  Expr* make_local(uint32_t index, const Token& token);
  Expr* make_unresolved(const Token& token, DiagnosticKind kind, std::string message);
  Stmt* make(Stmt::Kind kind, const Token& token);
  void fault(DiagnosticKind kind, const Token& at, std::string message, std::string hint = {});

  // ---- statements (bind_statements.cpp)
  Stmt* bind(const ast::Stmt& stmt);
  Stmt* bind_block(const ast::Block& block);
  Stmt* bind_if(const ast::If& s);
  Stmt* bind_loop(const ast::Loop& s);
  Stmt* bind_foreach(const ast::Foreach& s);
  Stmt* bind_foreach_array(const ast::Foreach& s, const ast::Name& name);
  Stmt* bind_foreach_histogram(const ast::Foreach& s, const ast::Histogram& histogram);
  void bind_foreach_names(const ast::Foreach& s, Stmt& loop);
  uint32_t bind_loop_name(const ast::Name& name, std::vector<Stmt*>& copies);
  Stmt* bind_try(const ast::Try& s);
  Stmt* bind_delete(const ast::Delete& s);

  // ---- expressions (bind_expressions.cpp)
  Expr* bind(const ast::Expr& expr);
  Expr* bind_name(const ast::Name& e);
  Expr* bind_index(const ast::Index& e, bool wildcards);
  Expr* bind_unary(const ast::Unary& e);
  Expr* bind_binary(const ast::Binary& e);
  Expr* bind_in(const ast::In& e);
  Expr* bind_ternary(const ast::Ternary& e);
  Expr* bind_assignment(const ast::Assignment& e);
  Expr* bind_step(const ast::Step& e);
  Expr* bind_lvalue(const ast::Expr& target, const Token& op);
  Expr* bind_call(const ast::Call& e);
  Expr* bind_builtin(const ast::Call& e, uint32_t builtin);
  Expr* bind_probe_text(uint32_t builtin, const Token& token);
  Expr* bind_session_constant(uint32_t builtin, const Token& token);
  std::optional<uint32_t> array(const ast::Name& name, size_t arity);
  void set_arity(uint32_t global, size_t arity, const Token& token);
  std::optional<uint32_t> find_local(std::string_view name) const;

  // ---- statistics and prints (bind_statistics.cpp, bind_prints.cpp)
  Expr* bind_statistic_variable(const ast::Expr& e);
  Expr* bind_statistic(const ast::Statistic& e);
  Expr* bind_histogram(const ast::Histogram& e);
  Expr* bind_bucket(const ast::Index& e);
  Expr* bind_in_histogram(const ast::In& e, const ast::Histogram& histogram);
  Expr* bind_print(const ast::Print& e);
  Expr* make_print(PrintForm form, bool to_string, std::vector<Expr*> args, const Token& token);

  // ---- operators on probes and foreign data (bind_special.cpp; target_binder.h)
  Expr* bind_defined(const ast::Defined& e);
  Expr* bind_probe_write(const ast::ProbeWrite& e);
  Expr* refuse_foreign_write(const ast::Expr& target);
  Expr* bind_entry(const Token& token, const ast::Expr& saved);
  Expr* bind_constant(const ast::Constant& e);
  Expr* bind_enumerator(const ast::Enumerator& e);
  Expr* bind_enumerator_name(const ast::EnumeratorName& e);
  Expr* bind_embedded(const ast::EmbeddedExpr& e);
  Expr* bind_register(const ast::TargetRegister& e);
  Expr* bind_dereference(const ast::Dereference& e);

  ProgramBuilder& builder_;
  std::vector<sem::Local>& locals_;
  std::unordered_map<std::string, uint32_t> local_names_;
  const DerivedProbe* probe_;
  bool in_function_;
  const ast::Script* script_ = nullptr;  // of the part that is being bound
  const ast::Block* part_ = nullptr;
  std::vector<Saved> saved_;
};

}  // namespace stapd
