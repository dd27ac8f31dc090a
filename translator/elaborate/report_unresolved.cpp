#include "translator/elaborate/infer_types.h"
#include "translator/elaborate/walk.h"

namespace stapd {

void report_unresolved(sem::Program& program, Diagnostics& diagnostics) {
  sem::for_each_expr(program, [&](sem::Expr*& e) {
    if (e->kind == sem::Expr::Kind::unresolved && !e->text.empty())
      diagnostics.add(static_cast<DiagnosticKind>(e->value), {e->where, e->token}, e->text);
    if (e->kind == sem::Expr::Kind::autocast)
      diagnostics.add(DiagnosticKind::unresolved_target, {e->where, e->token},
                      "unknown type in dereference");
  });
}

}  // namespace stapd
