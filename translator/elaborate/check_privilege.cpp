#include "translator/builtin/builtin.h"
#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using Kind = sem::Expr::Kind;

class PrivilegeCheck {
 public:
  PrivilegeCheck(const SideTables& side, Diagnostics& diagnostics)
      : side_(side), diagnostics_(diagnostics) {}

  // The library's functions are refused as a whole: which they are is for their reader to know.
  void function(const sem::Function& f, const Place& place) {
    const Expr* found = find_kernel_read(f.body);
    if (!found) return;
    if (f.from_tapset)
      diagnostics_.add(DiagnosticKind::privilege, place,
                       "function may not be used when --privilege=stapusr is specified");
    else
      refuse(*found);
  }

  void probe(const sem::Probe& p) {
    if (const Expr* found = find_kernel_read(p.body)) refuse(*found);
  }

 private:
  void refuse(const Expr& at) {
    diagnostics_.add(DiagnosticKind::privilege, {at.where, at.token},
                     "the kernel's memory may not be read when --privilege=stapusr is specified");
  }

  const Expr* find_kernel_read(sem::Stmt* body) const {
    const Expr* found = nullptr;
    sem::for_each_expr(body, [&](Expr*& e) {
      if (!found && reads_kernel(*e)) found = e;
    });
    return found;
  }

  bool reads_kernel(const Expr& e) const {
    switch (e.kind) {
      case Kind::builtin:
        return info(static_cast<Builtin>(e.index)).has('M');
      case Kind::load:
      case Kind::load_string:
        return e.space == ir::Space::kernel;
      case Kind::print:
        return prints_kernel_memory(side_.prints[e.index]);
      default:
        return false;
    }
  }

  static bool prints_kernel_memory(const PrintForm& form) {
    using Conversion = FormatPiece::Conversion;
    for (const ast::FormatDirective& d : form.directives)
      if ((d.conversion == Conversion::memory || d.conversion == Conversion::memory_hex) &&
          (d.flags & FormatPiece::alternate) == 0)
        return true;
    return false;
  }

  const SideTables& side_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_privilege(const sem::Program& program, const SideTables& side,
                     Diagnostics& diagnostics) {
  PrivilegeCheck check(side, diagnostics);
  for (size_t i = 0; i < program.functions.size(); ++i)
    if (program.functions[i].body) check.function(program.functions[i], side.functions[i].place);
  for (const sem::Probe& probe : program.probes)
    if (probe.body) check.probe(probe);
}

}  // namespace stapd
