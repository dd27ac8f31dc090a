#include "translator/elaborate/body_printer.h"

#include <fmt/core.h>

#include "translator/builtin/builtin.h"

namespace stapd {
namespace {

using sem::Expr;
using sem::Stmt;
using Kind = sem::Expr::Kind;

const char* op_text(ir::Op op) {
  switch (op) {
    case ir::Op::add:
      return "+";
    case ir::Op::sub:
      return "-";
    case ir::Op::mul:
      return "*";
    case ir::Op::div:
      return "/";
    case ir::Op::mod:
      return "%";
    case ir::Op::bit_and:
      return "&";
    case ir::Op::bit_or:
      return "|";
    case ir::Op::bit_xor:
      return "^";
    case ir::Op::shl:
      return "<<";
    case ir::Op::sar:
      return ">>";
    case ir::Op::shr:
      return ">>>";
    case ir::Op::str_append:
      return ".";
    default:
      return "?";
  }
}

const char* compare_text(ir::Compare comparison) {
  static constexpr const char* kTexts[] = {"==", "!=", "<",   "<=", ">",
                                           ">=", "<u", "<=u", ">u", ">=u"};
  return kTexts[static_cast<size_t>(comparison)];
}

const char* field_text(ir::StatField field) {
  static constexpr const char* kTexts[] = {"count", "sum", "min", "max", "avg", "variance"};
  return kTexts[static_cast<size_t>(field)];
}

char letter_of(FormatPiece::Conversion conversion) {
  static constexpr char kLetters[] = {0,   'd', 'u', 'o', 'x', 'X', 'p',
                                      'c', 's', 'b', 'm', 'M', 'H', 'h'};
  return kLetters[static_cast<size_t>(conversion)];
}

class BodyPrinter {
 public:
  BodyPrinter(const sem::Program& program, const std::vector<sem::Local>& locals)
      : program_(program), locals_(locals) {}

  std::string take() { return std::move(out_); }

  void stmt(const Stmt& s, int depth) {
    switch (s.kind) {
      case Stmt::Kind::expression:
        return line(depth, text(*s.expr));
      case Stmt::Kind::block:
        line(depth, "{");
        children(s, depth + 1);
        return line(depth, "}");
      case Stmt::Kind::if_else:
        line(depth, fmt::format("if ({})", text(*s.expr)));
        stmt(*s.body[0], depth + 1);
        if (!s.body[1]) return;
        line(depth, "else");
        return stmt(*s.body[1], depth + 1);
      case Stmt::Kind::loop:
        line(depth,
             fmt::format("for ({}; {}; {})", optional(s.init), optional(s.expr), optional(s.step)));
        return stmt(*s.body[0], depth + 1);
      case Stmt::Kind::foreach:
      case Stmt::Kind::foreach_bucket:
        line(depth, foreach (s));
        return stmt(*s.body[0], depth + 1);
      case Stmt::Kind::try_catch:
        line(depth, "try");
        if (s.body[0]) stmt(*s.body[0], depth + 1);
        line(depth, s.catch_target ? fmt::format("catch ({})", text(*s.catch_target)) : "catch");
        if (s.body[1]) stmt(*s.body[1], depth + 1);
        return;
      case Stmt::Kind::remove:
        return line(depth, "delete " + text(*s.expr));
      case Stmt::Kind::return_:
        return line(depth, s.expr ? "return " + text(*s.expr) : "return");
      case Stmt::Kind::next:
        return line(depth, "next");
      case Stmt::Kind::break_:
        return line(depth, "break");
      case Stmt::Kind::continue_:
        return line(depth, "continue");
    }
  }

  std::string text(const Expr& e) const {
    switch (e.kind) {
      case Kind::integer:
        return std::to_string(e.value);
      case Kind::string:
        return quote_text(e.text);
      case Kind::local:
        return locals_[e.index].name;
      case Kind::global:
        return "global " + program_.globals[e.index].name;
      case Kind::element:
        return fmt::format("{}[{}]", program_.globals[e.index].name, list(e.args));
      case Kind::negate:
        return fmt::format("-({})", text(*e.args[0]));
      case Kind::bit_not:
        return fmt::format("~({})", text(*e.args[0]));
      case Kind::logical_not:
        return fmt::format("!({})", text(*e.args[0]));
      case Kind::binary:
        return infix(e, op_text(e.op));
      case Kind::logical_and:
        return infix(e, "&&");
      case Kind::logical_or:
        return infix(e, "||");
      case Kind::conditional:
        return fmt::format("({}) ? ({}) : ({})", text(*e.args[0]), text(*e.args[1]),
                           text(*e.args[2]));
      case Kind::compare:
        return infix(e, compare_text(e.comparison));
      case Kind::concat:
        return concat(e);
      case Kind::regex:
        return fmt::format("({}) {} {}", text(*e.args[0]), e.negated ? "!~" : "=~",
                           quote_text(e.text));
      case Kind::in_array:
        return fmt::format("[{}] in {}", list(e.args), program_.globals[e.index].name);
      case Kind::assign:
        return infix(e, "=");
      case Kind::update:
        return infix(e, (std::string(op_text(e.op)) + "=").c_str());
      case Kind::increment:
        return fmt::format(fmt::runtime(e.prefix ? "{1}({0})" : "({0}){1}"), text(*e.args[0]),
                           e.value > 0 ? "++" : "--");
      case Kind::accumulate:
        return infix(e, "<<<");
      case Kind::call:
        return fmt::format("{}({})", program_.functions[e.index].name, list(e.args));
      case Kind::builtin:
        return fmt::format("__builtin_{}({})", info(static_cast<Builtin>(e.index)).name,
                           list(e.args));
      case Kind::print:
        return print(e);
      case Kind::stat:
        return fmt::format("@{}({})", field_text(e.field), text(*e.args[0]));
      case Kind::bucket:
        return fmt::format("@hist({})[{}]", text(*e.args[0]), text(*e.args[1]));
      case Kind::histogram:
        return fmt::format("@hist({})", text(*e.args[0]));
      case Kind::raw_argument:
        return fmt::format("argument({})", e.value);
      case Kind::register_value:
        return fmt::format("register({})", e.value);
      case Kind::user_register:
        return fmt::format("user_register({})", e.value);
      case Kind::load:
        return fmt::format("{}{}{}({})", e.space == ir::Space::user ? "user_" : "kernel_",
                           e.size < 0 ? "s" : "u", std::abs(e.size) * 8, text(*e.args[0]));
      case Kind::load_string:
        return fmt::format("{}string({})", e.space == ir::Space::user ? "user_" : "kernel_",
                           text(*e.args[0]));
      case Kind::unresolved:
        return fmt::format("unresolved({})", quote_text(e.text));
      case Kind::autocast:
        return fmt::format("({})->...", text(*e.args[0]));
      case Kind::defined:
        return fmt::format("@defined({})", text(*e.args[0]));
      case Kind::embedded:
        return fmt::format("%{{{}%}}", e.text);
    }
    return "";
  }

 private:
  void line(int depth, const std::string& text) {
    out_ += std::string(static_cast<size_t>(depth) * 2, ' ') + text + "\n";
  }
  void children(const Stmt& s, int depth) {
    for (const Stmt* child : s.body)
      if (child) stmt(*child, depth);
  }
  std::string optional(const Expr* e) const { return e ? text(*e) : ""; }
  std::string list(const std::vector<Expr*>& exprs) const {
    std::string out;
    for (const Expr* e : exprs) {
      if (!out.empty()) out += ", ";
      out += e ? text(*e) : "*";
    }
    return out;
  }
  std::string infix(const Expr& e, const char* op) const {
    return fmt::format("({}) {} ({})", text(*e.args[0]), op, text(*e.args[1]));
  }
  std::string concat(const Expr& e) const {
    std::string out;
    for (const Expr* part : e.args)
      out += fmt::format("{}({})", out.empty() ? "" : " . ", text(*part));
    return out;
  }

  std::string source(const FormatPiece::Source& source) const {
    if (source.kind == FormatPiece::Source::Kind::constant) return std::to_string(source.value);
    return source.kind == FormatPiece::Source::Kind::none ? "" : "*";
  }

  std::string print(const Expr& e) const {
    const sem::Print& print = program_.prints[e.index];
    std::string format;
    for (const FormatPiece& piece : print.pieces) {
      if (piece.conversion == FormatPiece::Conversion::literal) {
        for (char c : piece.text) format += c == '%' ? std::string("%%") : std::string(1, c);
        continue;
      }
      format += '%';
      static constexpr std::pair<FormatPiece::Flag, char> kFlags[] = {
          {FormatPiece::zero_pad, '0'},
          {FormatPiece::plus, '+'},
          {FormatPiece::left, '-'},
          {FormatPiece::space, ' '},
          {FormatPiece::alternate, '#'}};
      for (const auto& [flag, letter] : kFlags)
        if (piece.flags & flag) format += letter;
      format += source(piece.width);
      if (piece.precision.kind != FormatPiece::Source::Kind::none)
        format += "." + source(piece.precision);
      format += letter_of(piece.conversion);
    }
    return fmt::format("{}({}{}{})", print.to_string ? "sprintf" : "printf", quote_text(format),
                       e.args.empty() ? "" : ", ", list(e.args));
  }

  std::string foreach (const Stmt& s) const {
    std::string out = "foreach (";
    if (s.value_local) out += locals_[*s.value_local].name + " = ";
    out += '[';
    for (size_t i = 0; i < s.keys.size(); ++i) out += (i > 0 ? ", " : "") + locals_[s.keys[i]].name;
    out += "] in ";
    out += s.kind == Stmt::Kind::foreach ? program_.globals[s.index].name : text(*s.expr);
    if (!s.slice.empty()) out += fmt::format("[{}]", list(s.slice));
    static constexpr const char* kSorts[] = {"",     "key",  "value", "@count",   "@sum",
                                             "@min", "@max", "@avg",  "@variance"};
    if (s.iteration.sort != ir::Iteration::Sort::none) {
      out += fmt::format(" by {}", kSorts[static_cast<size_t>(s.iteration.sort)]);
      if (s.iteration.sort == ir::Iteration::Sort::key)
        out += fmt::format(" {}", s.iteration.key_part);
      out += s.iteration.descending ? "-" : "+";
    }
    if (s.limit) out += " limit " + text(*s.limit);
    return out + ")";
  }

  const sem::Program& program_;
  const std::vector<sem::Local>& locals_;
  std::string out_;
};

}  // namespace

std::string quote_text(std::string_view text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", static_cast<char>(c));
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c < ' ' || c >= 0x7f)
      out += fmt::format("\\{:03o}", c);
    else
      out += static_cast<char>(c);
  }
  return out + "\"";
}

std::string print_body(const sem::Program& program, const std::vector<sem::Local>& locals,
                       const sem::Stmt& body) {
  BodyPrinter printer(program, locals);
  printer.stmt(body, 1);
  std::string text = printer.take();
  if (!text.empty()) text.pop_back();
  return text;
}

std::string print_expr(const sem::Program& program, const std::vector<sem::Local>& locals,
                       const sem::Expr& expr) {
  return BodyPrinter(program, locals).text(expr);
}

}  // namespace stapd
