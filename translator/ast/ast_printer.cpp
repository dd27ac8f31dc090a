#include "translator/ast/ast_printer.h"

#include <fmt/core.h>

namespace stapd::ast {
namespace {

// A string as a script spells it.
std::string quoted(std::string_view spelling) {
  std::string out = "\"";
  for (char c : spelling) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A format is shown with its backslashes doubled, as SystemTap does.
std::string quoted_format(std::string_view spelling) {
  std::string doubled;
  for (char c : spelling) {
    if (c == '\\') doubled += '\\';
    doubled += c;
  }
  return quoted(doubled);
}

std::string_view spelling(TokenKind op) { return info(op).text; }

const char* statistic_name(Statistic::Op op) {
  static constexpr const char* kNames[] = {"count", "sum", "min", "max", "avg", "variance"};
  return kNames[static_cast<size_t>(op)];
}

class Printer {
 public:
  std::string take() { return std::move(out_); }

  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  // ---- expressions ----
  void expr(const Expr& e) {
    switch (e.kind) {
#define STAPD_EXPR(kind, Type) \
  case ExprKind::kind:         \
    return show(as<Type>(e));
#include "translator/ast/node_kind.def"
    }
  }

  // ---- statements ----
  void stmt(const Stmt& s) {
    switch (s.kind) {
#define STAPD_STMT(kind, Type) \
  case StmtKind::kind:         \
    return show(as<Type>(s));
#include "translator/ast/node_kind.def"
    }
  }

  void point(const ProbePoint& p) {
    for (size_t i = 0; i < p.components.size(); ++i) {
      if (i > 0) out_ += '.';
      component(p.components[i]);
    }
    if (p.sufficient)
      out_ += '!';
    else if (p.optional)
      out_ += '?';
    if (p.condition) {
      out_ += " if (";
      expr(*p.condition);
      out_ += ')';
    }
  }

  void component(const ProbePointComponent& c) {
    out_ += c.name;
    if (c.argument == ProbePointComponent::Argument::number) put("({})", c.number);
    if (c.argument == ProbePointComponent::Argument::string) put("({})", quoted(c.text));
  }

  void points(ProbePoints list, std::string_view separator) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += separator;
      point(*list[i]);
    }
  }

  void script(const Script& s, std::string_view file_name) {
    put("# file {}\n", file_name);
    for (const EmbeddedDecl* e : s.embedded) put("%{{{}%}}", e->code);
    for (const GlobalDecl* g : s.globals) global(*g);
    for (const AliasDecl* a : s.aliases) alias(*a);
    for (const ProbeDecl* p : s.probes) {
      out_ += "probe ";
      points(p->points, ",");
      stmt(*p->body);
      out_ += '\n';
    }
    for (const FunctionDecl* f : s.functions) function(*f);
  }

 private:
  void list(ExprList exprs) {
    for (size_t i = 0; i < exprs.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (exprs[i])
        expr(*exprs[i]);
      else
        out_ += '*';
    }
  }
  void parenthesized(const Expr& e) {
    out_ += '(';
    expr(e);
    out_ += ')';
  }
  void infix(const Expr& left, std::string_view op, const Expr& right) {
    parenthesized(left);
    put(" {} ", op);
    parenthesized(right);
  }
  void components(const TargetPath& path) {
    for (const TargetComponent& c : path.components) {
      if (c.kind == TargetComponent::Kind::element) {
        out_ += '[';
        expr(*c.index);
        out_ += ']';
      } else {
        put("->{}", c.name);
      }
    }
  }
  void address_of(const TargetPath& path) {
    if (path.address_of) out_ += '&';
  }

  void show(const Integer& e) { put("{}", e.value); }
  void show(const String& e) { out_ += quoted(e.spelling); }
  void show(const EmbeddedExpr& e) { put("%{{ {} %}}", e.code); }
  void show(const Name& e) { out_ += e.name; }
  void show(const Index& e) {
    if (e.base->kind == ExprKind::index)
      parenthesized(*e.base);
    else
      expr(*e.base);
    out_ += '[';
    list(e.keys);
    out_ += ']';
  }
  void show(const Unary& e) {
    out_ += spelling(e.op);
    parenthesized(*e.operand);
  }
  void show(const Binary& e) {
    if (e.op != TokenKind::matches && e.op != TokenKind::not_matches)
      return infix(*e.left, spelling(e.op), *e.right);
    parenthesized(*e.left);
    put(" {} ", spelling(e.op));
    expr(*e.right);
  }
  void show(const In& e) {
    out_ += '[';
    list(e.keys);
    out_ += "] in ";
    expr(*e.array);
  }
  void show(const Ternary& e) {
    parenthesized(*e.condition);
    out_ += '?';
    parenthesized(*e.yes);
    out_ += ':';
    parenthesized(*e.no);
  }
  void show(const Assignment& e) { infix(*e.target, spelling(e.op), *e.value); }
  void show(const Step& e) {
    const std::string_view op = e.increment ? "++" : "--";
    if (e.prefix) out_ += op;
    parenthesized(*e.operand);
    if (!e.prefix) out_ += op;
  }
  void show(const Call& e) {
    put("{}(", e.name);
    list(e.args);
    out_ += ')';
  }
  void show(const Print& e) {
    put("{}(", e.name);
    if (e.with_format) out_ += quoted_format(e.format);
    if (e.with_delimiter) out_ += quoted(e.format);
    if ((e.with_format || e.with_delimiter) && !e.args.empty()) out_ += ", ";
    list(e.args);
    out_ += ')';
  }
  void show(const Statistic& e) {
    put("@{}(", statistic_name(e.op));
    expr(*e.statistic);
    if (e.bit_shift) put(", {}", *e.bit_shift);
    out_ += ')';
  }
  void show(const Histogram& e) {
    put("@hist_{}(", e.linear ? "linear" : "log");
    expr(*e.statistic);
    if (e.linear) put(", {}, {}, {}", e.start, e.stop, e.width);
    out_ += ')';
  }
  void show(const Target& e) {
    address_of(e.path);
    out_ += e.name;
    components(e.path);
  }
  void show(const Cast& e) {
    address_of(e.path);
    out_ += "@cast(";
    expr(*e.operand);
    put(", {}", quoted(e.type));
    if (!e.module.empty()) put(", {}", quoted(e.module));
    out_ += ')';
    components(e.path);
  }
  void show(const TargetGlobal& e) {
    address_of(e.path);
    put("@var(\"{}{}{}\"", e.name, e.unit.empty() ? "" : "@", e.unit);
    if (!e.module.empty()) put(", {}", quoted(e.module));
    out_ += ')';
    components(e.path);
  }
  void show(const Autocast& e) {
    address_of(e.path);
    parenthesized(*e.operand);
    components(e.path);
  }
  void call_like(std::string_view name, const Expr& operand) {
    put("{}(", name);
    expr(operand);
    out_ += ')';
  }
  void show(const Defined& e) { call_like("@defined", *e.operand); }
  void show(const ProbeWrite& e) { put("@probewrite({})", e.name); }
  void show(const Entry& e) { call_like("@entry", *e.operand); }
  void show(const Perf& e) { put("@perf({})", quoted(e.name)); }
  void show(const Constant& e) {
    put("%{{ /* pure */ /* unprivileged */ /* stable */ {} %}}", e.name);
  }
  void show(const Enumerator& e) {
    put("@enum({}", quoted(e.name));
    if (!e.module.empty()) put(", {}", quoted(e.module));
    out_ += ')';
  }
  void show(const EnumeratorName& e) {
    out_ += "@enumname(";
    expr(*e.operand);
    if (!e.type.empty()) put(", {}", quoted(e.type));
    if (!e.module.empty()) put(", {}", quoted(e.module));
    out_ += ')';
  }
  void show(const TargetRegister& e) { put("@{}register({})", e.user ? 'u' : 'k', e.number); }
  void show(const Dereference& e) {
    put("@{}deref({}, ", e.user ? 'u' : 'k', e.size);
    expr(*e.address);
    out_ += ')';
  }

  void show(const NullStmt&) { out_ += ';'; }
  void show(const Block& s) {
    out_ += "{\n";
    for (const Stmt* inner : s.body) {
      stmt(*inner);
      out_ += ";\n";
    }
    out_ += '}';
  }
  void show(const ExprStmt& s) { expr(*s.expr); }
  void show(const If& s) {
    out_ += "if (";
    expr(*s.condition);
    out_ += ") ";
    stmt(*s.then);
    out_ += '\n';
    if (!s.otherwise) return;
    out_ += "else ";
    stmt(*s.otherwise);
    out_ += '\n';
  }
  void show(const Loop& s) {
    out_ += "for (";
    if (s.init) expr(*s.init);
    out_ += "; ";
    if (s.condition)
      expr(*s.condition);
    else
      out_ += '1';
    out_ += "; ";
    if (s.step) expr(*s.step);
    out_ += ") ";
    stmt(*s.body);
  }
  void show(const Foreach& s) {
    out_ += "foreach (";
    if (s.value) put("{} = ", s.value->name);
    out_ += '[';
    for (size_t i = 0; i < s.keys.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += s.keys[i]->name;
      if (s.sort == Foreach::Sort::by_key && s.sort_key == i) out_ += s.descending ? '-' : '+';
    }
    out_ += "] in ";
    expr(*s.base);
    if (!s.slice.empty()) {
      out_ += '[';
      list(s.slice);
      out_ += ']';
    }
    if (s.sort == Foreach::Sort::by_value) {
      if (s.sort_statistic) put(" @{}", statistic_name(*s.sort_statistic));
      out_ += s.descending ? '-' : '+';
    }
    if (s.limit) {
      out_ += " limit ";
      expr(*s.limit);
    }
    out_ += ") ";
    stmt(*s.body);
  }
  void show(const Try& s) {
    out_ += "try {\n";
    stmt(*s.body);
    out_ += "\n} catch ";
    if (s.variable) put("({}) ", s.variable->name);
    out_ += "{\n";
    stmt(*s.handler);
    out_ += "\n}\n";
  }
  void show(const Return& s) {
    out_ += "return";
    if (!s.value) return;
    out_ += ' ';
    expr(*s.value);
  }
  void show(const Delete& s) {
    out_ += "delete ";
    expr(*s.operand);
  }
  void show(const Next&) { out_ += "next"; }
  void show(const Break&) { out_ += "break"; }
  void show(const Continue&) { out_ += "continue"; }
  void show(const EmbeddedStmt& s) { put("%{{ {} %}}", s.code); }

  void global(const GlobalDecl& g) {
    put("global {}", g.name);
    if (g.wrap) out_ += '%';
    if (g.size) put("[{}]", *g.size);
    if (g.init) {
      out_ += " = ";
      expr(*g.init);
    }
    out_ += '\n';
  }

  void alias(const AliasDecl& a) {
    out_ += "probe ";
    points(a.names, " = ");
    out_ += a.prologue ? " = " : " += ";
    points(a.points, ", ");
    stmt(a.prologue ? *a.prologue : *a.epilogue);
    if (a.prologue && a.epilogue) {
      out_ += ", ";
      stmt(*a.epilogue);
    }
    out_ += '\n';
  }

  void function(const FunctionDecl& f) {
    put("function {} (", f.name);
    for (size_t i = 0; i < f.parameters.size(); ++i)
      put("{}{}", i > 0 ? ", " : "", f.parameters[i].token.text);
    out_ += ")\n";
    if (f.body->kind == StmtKind::embedded_stmt)
      put("%{{{}%}}", as<EmbeddedStmt>(*f.body).code);
    else
      stmt(*f.body);
    out_ += '\n';
  }

  std::string out_;
};

}  // namespace

std::string print_script(const Script& script, std::string_view file_name) {
  Printer printer;
  printer.put("# parse tree dump\n");
  printer.script(script, file_name);
  std::string text = printer.take();
  return text + "\n";
}

std::string print_expr(const Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return printer.take();
}

std::string print_stmt(const Stmt& stmt) {
  Printer printer;
  printer.stmt(stmt);
  return printer.take();
}

std::string print_point(const ProbePoint& point) {
  Printer printer;
  printer.point(point);
  return printer.take();
}

std::string print_component(const ProbePointComponent& component) {
  Printer printer;
  printer.component(component);
  return printer.take();
}

}  // namespace stapd::ast
