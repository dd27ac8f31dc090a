// The syntax tree of one file: what the parser makes of its tokens, before any name is looked up.
// Plain data in an arena, never changed after parsing. Names and texts are views that live as long
// as the Script.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "translator/ast/arena.h"
#include "translator/ast/format.h"
#include "translator/lex/token.h"

namespace stapd::ast {

enum class ExprKind : uint8_t {
#define STAPD_EXPR(kind, Type) kind,
#include "translator/ast/node_kind.def"
};
enum class StmtKind : uint8_t {
#define STAPD_STMT(kind, Type) kind,
#include "translator/ast/node_kind.def"
};
const char* kind_name(ExprKind kind);
const char* kind_name(StmtKind kind);

// ---- expressions ------------------------------------------------------------------------------
struct Expr {
  ExprKind kind;
  Token token;  // what messages point at
};
using ExprList = std::span<Expr* const>;

template <ExprKind K>
struct ExprNode : Expr {
  static constexpr ExprKind kKind = K;
  explicit ExprNode(const Token& t) : Expr{K, t} {}
};

// Of a base node that is known to be, or may be, a T.
template <class T>
const T& as(const Expr& e) {
  STAPD_CHECK(e.kind == T::kKind);
  return static_cast<const T&>(e);
}
template <class T>
const T* maybe(const Expr* e) {
  return e && e->kind == T::kKind ? static_cast<const T*>(e) : nullptr;
}

struct Integer : ExprNode<ExprKind::integer> {
  using ExprNode::ExprNode;
  int64_t value = 0;
};
struct String : ExprNode<ExprKind::string> {
  using ExprNode::ExprNode;
  std::string_view spelling;  // C escapes kept; decode_string() gives the bytes
};
struct EmbeddedExpr : ExprNode<ExprKind::embedded_expr> {
  using ExprNode::ExprNode;
  std::string_view code;
};
struct Name : ExprNode<ExprKind::name> {
  using ExprNode::ExprNode;
  std::string_view name;
};
// An array's element, or a histogram's bucket.
struct Index : ExprNode<ExprKind::index> {
  using ExprNode::ExprNode;
  Expr* base = nullptr;  // Name or Histogram
  ExprList keys;         // null: the wildcard *
};
struct Unary : ExprNode<ExprKind::unary> {
  using ExprNode::ExprNode;
  TokenKind op = TokenKind::minus;  // minus, plus, logical_not, bit_not
  Expr* operand = nullptr;
};
// Arithmetic, comparison, concatenation, logical and regular expression operators.
struct Binary : ExprNode<ExprKind::binary> {
  using ExprNode::ExprNode;
  TokenKind op = TokenKind::plus;
  Expr* left = nullptr;
  Expr* right = nullptr;
};
struct In : ExprNode<ExprKind::in> {
  using ExprNode::ExprNode;
  ExprList keys;          // null: the wildcard *
  Expr* array = nullptr;  // Name or Histogram
};
struct Ternary : ExprNode<ExprKind::ternary> {
  using ExprNode::ExprNode;
  Expr* condition = nullptr;
  Expr* yes = nullptr;
  Expr* no = nullptr;
};
struct Assignment : ExprNode<ExprKind::assignment> {
  using ExprNode::ExprNode;
  TokenKind op = TokenKind::assign;  // or accumulate, plus_assign, ...
  Expr* target = nullptr;
  Expr* value = nullptr;
};
struct Step : ExprNode<ExprKind::step> {
  using ExprNode::ExprNode;
  bool increment = true, prefix = false;
  Expr* operand = nullptr;
};
struct Call : ExprNode<ExprKind::call> {
  using ExprNode::ExprNode;
  std::string_view name;
  ExprList args;
};
// print, println, printd, printdln, printf, print_char, and the same with s in front.
struct Print : ExprNode<ExprKind::print> {
  using ExprNode::ExprNode;
  std::string_view name;
  bool to_string = false, with_format = false, with_delimiter = false, with_newline = false;
  bool as_character = false;
  std::string_view format;  // or delimiter, as spelled
  std::span<const FormatDirective> directives;
  ExprList args;  // without format or delimiter; one Histogram, or no histogram
};
struct Statistic : ExprNode<ExprKind::statistic> {
  using ExprNode::ExprNode;
  enum class Op : uint8_t { count, sum, min, max, average, variance };
  Op op = Op::count;
  Expr* statistic = nullptr;
  std::optional<int64_t> bit_shift;  // of variance
};
struct Histogram : ExprNode<ExprKind::histogram> {
  using ExprNode::ExprNode;
  bool linear = false;
  Expr* statistic = nullptr;
  int64_t start = 0, stop = 0, width = 0;
};

// ->name, [index], or the suffix $ or $$ that asks for a text.
struct TargetComponent {
  enum class Kind : uint8_t { member, element, pretty };
  Kind kind = Kind::member;
  Token token;
  std::string_view name;  // member; pretty: its dollars
  Expr* index = nullptr;
};
using TargetComponents = std::span<const TargetComponent>;

// What all views of foreign data have in common.
struct TargetPath {
  TargetComponents components;
  bool address_of = false;
};
// $name
struct Target : ExprNode<ExprKind::target> {
  using ExprNode::ExprNode;
  std::string_view name;  // with its $
  TargetPath path;
};
// @cast(operand, "type", "module")
struct Cast : ExprNode<ExprKind::cast> {
  using ExprNode::ExprNode;
  Expr* operand = nullptr;
  std::string_view type, module;  // module: "" when not given
  TargetPath path;
};
// @var("name@unit", "module")
struct TargetGlobal : ExprNode<ExprKind::target_global> {
  using ExprNode::ExprNode;
  std::string_view name, unit, module;
  TargetPath path;
};
// operand->name, where the operand's own type says what it points to.
struct Autocast : ExprNode<ExprKind::autocast> {
  using ExprNode::ExprNode;
  Expr* operand = nullptr;
  TargetPath path;
};
struct Defined : ExprNode<ExprKind::defined> {
  using ExprNode::ExprNode;
  Expr* operand = nullptr;
};
struct ProbeWrite : ExprNode<ExprKind::probe_write> {
  using ExprNode::ExprNode;
  std::string_view name;
};
struct Entry : ExprNode<ExprKind::entry> {
  using ExprNode::ExprNode;
  Expr* operand = nullptr;
};
struct Perf : ExprNode<ExprKind::perf> {
  using ExprNode::ExprNode;
  std::string_view name;
};
// @const("NAME")
struct Constant : ExprNode<ExprKind::constant> {
  using ExprNode::ExprNode;
  std::string_view name;
};
// @enum("NAME")
struct Enumerator : ExprNode<ExprKind::enumerator> {
  using ExprNode::ExprNode;
  std::string_view name, module;
};
// @enumname(value, "type", "module")
struct EnumeratorName : ExprNode<ExprKind::enumerator_name> {
  using ExprNode::ExprNode;
  Expr* operand = nullptr;
  std::string_view type, module;
};
// @kregister(n), @uregister(n)
struct TargetRegister : ExprNode<ExprKind::target_register> {
  using ExprNode::ExprNode;
  bool user = false;
  int64_t number = 0;
};
// @kderef(size, address), @uderef(size, address)
struct Dereference : ExprNode<ExprKind::dereference> {
  using ExprNode::ExprNode;
  bool user = false;
  int64_t size = 0;
  Expr* address = nullptr;
};

// ---- statements -------------------------------------------------------------------------------
struct Stmt {
  StmtKind kind;
  Token token;
};
using StmtList = std::span<Stmt* const>;

template <StmtKind K>
struct StmtNode : Stmt {
  static constexpr StmtKind kKind = K;
  explicit StmtNode(const Token& t) : Stmt{K, t} {}
};
template <class T>
const T& as(const Stmt& s) {
  STAPD_CHECK(s.kind == T::kKind);
  return static_cast<const T&>(s);
}

struct NullStmt : StmtNode<StmtKind::null> {
  using StmtNode::StmtNode;
};
struct Block : StmtNode<StmtKind::block> {
  using StmtNode::StmtNode;
  StmtList body;
};
struct ExprStmt : StmtNode<StmtKind::expression> {
  using StmtNode::StmtNode;
  Expr* expr = nullptr;
};
struct If : StmtNode<StmtKind::if_> {
  using StmtNode::StmtNode;
  Expr* condition = nullptr;
  Stmt* then = nullptr;
  Stmt* otherwise = nullptr;  // or null
};
// `while` too.
struct Loop : StmtNode<StmtKind::loop> {
  using StmtNode::StmtNode;
  Expr* init = nullptr;       // or null
  Expr* condition = nullptr;  // null: for ever
  Expr* step = nullptr;       // or null
  Stmt* body = nullptr;
};
struct Foreach : StmtNode<StmtKind::foreach> {
  using StmtNode::StmtNode;
  enum class Sort : uint8_t { none, by_key, by_value };
  std::span<Name* const> keys;
  Name* value = nullptr;  // or null
  Expr* base = nullptr;   // Name or Histogram
  ExprList slice;         // empty, or one for each key part; null: *
  Sort sort = Sort::none;
  bool descending = false;
  size_t sort_key = 0;                          // by_key: which
  std::optional<Statistic::Op> sort_statistic;  // by_value: of a statistic
  Expr* limit = nullptr;                        // or null
  Stmt* body = nullptr;
};
struct Try : StmtNode<StmtKind::try_> {
  using StmtNode::StmtNode;
  Block* body = nullptr;
  Name* variable = nullptr;  // or null: gets the message
  Block* handler = nullptr;
};
struct Return : StmtNode<StmtKind::return_> {
  using StmtNode::StmtNode;
  Expr* value = nullptr;  // or null
};
struct Delete : StmtNode<StmtKind::delete_> {
  using StmtNode::StmtNode;
  Expr* operand = nullptr;
};
struct Next : StmtNode<StmtKind::next> {
  using StmtNode::StmtNode;
};
struct Break : StmtNode<StmtKind::break_> {
  using StmtNode::StmtNode;
};
struct Continue : StmtNode<StmtKind::continue_> {
  using StmtNode::StmtNode;
};
struct EmbeddedStmt : StmtNode<StmtKind::embedded_stmt> {
  using StmtNode::StmtNode;
  std::string_view code;
};

// ---- probe points -----------------------------------------------------------------------------
struct ProbePointComponent {
  enum class Argument : uint8_t { none, number, string };
  Token token;
  std::string_view name;  // may hold wildcards
  Argument argument = Argument::none;
  int64_t number = 0;
  std::string_view text;  // as spelled
  Token argument_token;
};
struct ProbePoint {
  std::span<const ProbePointComponent> components;
  bool optional = false;    // `?`, and `!`
  bool sufficient = false;  // `!`
  Expr* condition = nullptr;
  const Token& token() const { return components.front().token; }
};
using ProbePoints = std::span<ProbePoint* const>;

// ---- declarations -----------------------------------------------------------------------------
struct ProbeDecl {
  Token token;
  ProbePoints points;
  Block* body = nullptr;
};
struct AliasDecl {
  Token token;
  ProbePoints names;  // `a = b = point`: both
  ProbePoints points;
  Block* prologue = nullptr;  // or null
  Block* epilogue = nullptr;  // or null
};
enum class DeclaredType : uint8_t { none, integer, string };
struct Parameter {
  Token token;
  DeclaredType type = DeclaredType::none;
};
struct FunctionDecl {
  Token token;  // the name
  std::string_view name;
  bool is_private = false;
  DeclaredType type = DeclaredType::none;
  std::span<const Parameter> parameters;
  std::optional<int64_t> priority;
  Stmt* body = nullptr;  // Block or EmbeddedStmt
};
struct GlobalDecl {
  Token token;  // the name
  std::string_view name;
  bool is_private = false;
  bool wrap = false;
  std::optional<uint32_t> size;  // present: an array
  Expr* init = nullptr;          // Integer, String or null
};
struct EmbeddedDecl {
  Token token;
  std::string_view code;
};

struct Script {
  FileId file = 0;
  std::vector<ProbeDecl*> probes;
  std::vector<AliasDecl*> aliases;
  std::vector<FunctionDecl*> functions;
  std::vector<GlobalDecl*> globals;
  std::vector<EmbeddedDecl*> embedded;

  Script() = default;
  Script(Script&&) = default;
  Script& operator=(Script&&) = default;

  Arena arena;
  TokenBuffer lexed;               // what the tokens' texts point into, beside the files
  std::deque<std::string> joined;  // texts that are made of several tokens
};

// The bytes of a string literal. A 0 byte ends it, as in C.
std::string decode_string(std::string_view spelling);

}  // namespace stapd::ast
