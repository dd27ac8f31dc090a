#include "translator/elaborate/refuse_unexecutable.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

class Refusal {
 public:
  Refusal(const sem::Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {}

  void run() {
    for (const sem::Function& function : program_.functions) {
      if (!function.embedded.empty())
        diagnostics_.add(DiagnosticKind::unsupported_construct,
                         {function.where, fmt::format("identifier '{}'", function.name)},
                         "not yet supported: functions in C");
      if (function.body) stmt(*function.body, 0);
    }
    for (const sem::Probe& probe : program_.probes) {
      if (probe.condition) expr(*probe.condition);
      if (probe.body) stmt(*probe.body, 0);
    }
  }

 private:
  void refuse(SourceLocation where, const std::string& token, std::string message,
              DiagnosticKind kind = DiagnosticKind::unsupported_construct) {
    diagnostics_.add(kind, {where, token}, std::move(message));
  }

  void stmt(const Stmt& s, int loops) {
    const bool is_loop = s.kind == Stmt::Kind::loop || s.kind == Stmt::Kind::foreach ||
                         s.kind == Stmt::Kind::foreach_bucket;
    if (loops == 0 && (s.kind == Stmt::Kind::break_ || s.kind == Stmt::Kind::continue_))
      refuse(s.where, s.token,
             fmt::format("cannot '{}' outside loop",
                         s.kind == Stmt::Kind::break_ ? "break" : "continue"),
             DiagnosticKind::outside_loop);
    for (const Expr* e : {s.init, s.step, s.limit})
      if (e) expr(*e);
    if (s.expr && s.kind != Stmt::Kind::foreach && s.kind != Stmt::Kind::remove) expr(*s.expr);
    for (const Expr* e : s.slice)
      if (e) expr(*e);
    for (const Stmt* child : s.body)
      if (child) stmt(*child, loops + is_loop);
  }

  void expr(const Expr& e) {
    switch (e.kind) {
      case Kind::embedded:
        refuse(e.where, e.token, "not yet supported: C code");
        break;
      case Kind::histogram:
      case Kind::bucket:
        if (histogram_is_impossible(*e.args[0]))
          refuse(e.where, e.token, "a histogram has 3 to 128 buckets, and a width that is not 0",
                 DiagnosticKind::bad_statistic);
        break;
      case Kind::print:
        for (const Expr* arg : e.args)
          if (arg->type == sem::Type::statistic && arg->kind != Kind::histogram)
            refuse(arg->where, arg->token, "cannot print a raw stats object",
                   DiagnosticKind::bad_statistic);
        break;
      default:
        break;
    }
    for (const Expr* child : e.args)
      if (child) expr(*child);
  }

  bool histogram_is_impossible(const Expr& variable) const {
    const auto& shape = program_.globals[variable.index].statistic.histogram;
    return shape && shape->buckets == 0;
  }

  const sem::Program& program_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool refuse_unexecutable(const sem::Program& program, Diagnostics& diagnostics) {
  const size_t errors = diagnostics.errors();
  Refusal(program, diagnostics).run();
  return diagnostics.errors() == errors;
}

}  // namespace stapd
