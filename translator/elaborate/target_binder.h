// Target variables, @cast and @var: where the path starts, and the indexes on it.
#pragma once

#include "translator/elaborate/bind_body.h"
#include "translator/elaborate/foreign_path.h"

namespace stapd {

class TargetBinder {
 public:
  explicit TargetBinder(BodyBinder& body) : body_(body) {}

  // `expr`: a Target, Cast, TargetGlobal or Autocast.
  sem::Expr* bind(const ast::Expr& expr);

 private:
  using Expr = sem::Expr;
  Expr* bind_target(const ast::Target& e);
  Expr* bind_variable(const ast::Target& e, const probes::ContextVariable& variable);
  Expr* bind_cast(const ast::Cast& e);
  Expr* bind_autocast(const ast::Autocast& e);
  Expr* bind_listing(const ast::Target& e);
  Expr* no_variable(const ast::Target& e);
  Expr* start_of(const probes::ContextVariable& variable, const Token& token);
  std::vector<ForeignStep> steps(const ast::TargetPath& path);
  ForeignPath path(const Expr& at, std::string name, bool user_space);
  const probes::DerivedPoint* point() const;
  bool user_space() const;

  BodyBinder& body_;
};

}  // namespace stapd
