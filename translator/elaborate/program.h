// The elaborated program: what elaborate() makes of the syntax trees, and all that lowering reads.
// Names are bound, aliases and wildcards expanded, target variables resolved to loads, types and
// string widths inferred, dead code gone. One tree a derived probe, nothing shared between them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "runtime/image/ir.h"
#include "runtime/image/program_image.h"
#include "translator/regex/automaton.h"
#include "translator/source/location.h"

namespace stapd::sem {

enum class Type : uint8_t { unknown, integer, string, statistic };
const char* type_name(Type type);  // as `stap -p2` prints it: unknown, long, string, stats

struct Expr;
struct Stmt;

// A local variable or parameter of a probe or function.
struct Local {
  std::string name;
  Type type = Type::unknown;
  uint32_t capacity = 0;  // strings: bytes, the final 0 included
  SourceLocation where;
};

struct Global {
  std::string name;                    // as the script says it
  std::string mangled_name;            // differs for private ones
  Type type = Type::unknown;           // of the value
  std::vector<Type> key;               // empty: scalar
  std::vector<uint32_t> key_capacity;  // strings, as in Local
  uint32_t capacity = 0;
  StatisticShape statistic;
  uint32_t max_entries = 0;  // 0: MAXMAPENTRIES
  bool wrap = false;
  std::optional<int64_t> init;
  std::optional<std::string> init_text;
  bool is_read = false, is_written = false;
  bool from_user_file = false;
  bool pointer_typed = false;  // for the automatic display
  SourceLocation where;
};

// Fields by kind; `args` are the children, never null unless said.
struct Expr {
  enum class Kind : uint8_t {
    integer,  // value
    string,   // text
    local,    // index: in the locals of the probe or function
    global,   // index: scalar
    element,  // index: array; args: keys, null for a wildcard
    negate,
    bit_not,
    logical_not,  // args[0]
    binary,       // op (add ... shr): args[0] op args[1], integers
    logical_and,
    logical_or,   // args[0], args[1]
    conditional,  // args[0] ? args[1] : args[2]
    compare,      // comparison: args[0], args[1], both integers or both strings
    concat,       // args: strings, two or more
    regex,        // args[0] =~ text; negated: !~; index: in Program::regexes
    in_array,     // index: array; args: keys, null for a wildcard
    assign,       // args[0] = args[1]; args[0] is local, global or element
    update,       // args[0] op= args[1]; op concat when `op` is str_append
    increment,    // args[0] by value (+1 or -1); prefix: the new value is the result
    accumulate,   // args[0] <<< args[1]
    call,         // function: index of the first overload to try; args
    builtin,      // builtin: index in the table of builtins; args
    print,        // print: index in Program::prints; args: its values. A string when it is a sprint
    stat,         // field: of args[0], a global or element that is a statistic
    bucket,       // args[0]: statistic, args[1]: index of the histogram's bucket
    histogram,    // args[0]: statistic: the whole table, only inside print
    raw_argument,    // value: index
    register_value,  // value: offset in pt_regs
    user_register,   // value: offset in pt_regs as saved when the task entered the kernel
    load,            // args[0]: address; size, space; text: how the script calls what is read
    load_string,     // args[0]: address; space
    // Below: what passes leave behind none of, or what refuse_unexecutable() refuses.
    unresolved,  // text: what is wrong, value: its DiagnosticKind; reported when it is still there
                 // after dead code is gone
    autocast,    // args[0]->...: index in the side table of resolve_autocasts; args from 1: indexes
    defined,     // @defined(args[0]) that depends on an autocast
    embedded,    // text: C code
  };
  Kind kind = Kind::integer;
  Type type = Type::unknown;
  bool negated = false, prefix = false;
  bool settled = false;  // integer: the answer of @defined()
  ir::Op op = ir::Op::mov;
  ir::Compare comparison = ir::Compare::eq;
  ir::StatField field = ir::StatField::count;
  ir::Space space = ir::Space::kernel;
  int8_t size = 8;     // load: bytes, negative for signed
  uint32_t index = 0;  // local, global, array, function, builtin, print
  int64_t value = 0;
  uint32_t capacity = 0;  // strings: bytes that hold whatever it can be, the final 0 included
  std::string text;
  std::vector<Expr*> args;
  SourceLocation where;
  std::string token;  // the token at `where` as messages call it: "identifier 'x'"
};

// A call of the print family. The format is parsed; its directives name the call's values in order.
struct Print {
  RecordChannel channel = RecordChannel::output;
  bool to_string = false;           // sprint family
  std::vector<FormatPiece> pieces;  // a Source of kind `field` is an index in Expr::args
};

// Each text once. What it matched is only noted when somebody asks for it: matched(), ngroups().
struct Regex {
  std::string text;
  regex::Wanted wanted = regex::Wanted::test;
  regex::Automaton automaton;
};

struct Stmt {
  enum class Kind : uint8_t {
    expression,      // expr
    block,           // body
    if_else,         // expr; body[0], body[1] (may be null)
    loop,            // init, expr (null: for ever), step (null); body[0]. `while` too
    foreach,         // index: array; keys, value_local, iteration, slice, limit; body[0]
    foreach_bucket,  // keys[0] over the buckets of expr (a histogram); body[0]
    try_catch,       // body[0]; catch_target (may be null) gets the message; body[1]
    remove,          // expr: delete of element (wildcards allowed), global or array
    return_,         // expr (may be null)
    next,
    break_,
    continue_,
  };
  Kind kind = Kind::expression;
  SourceLocation where;
  std::string token;  // as in Expr
  Expr* expr = nullptr;
  Expr* init = nullptr;
  Expr* step = nullptr;
  std::vector<Stmt*> body;
  uint32_t index = 0;
  std::vector<uint32_t> keys;  // locals that get the key parts
  std::optional<uint32_t> value_local;
  ir::Iteration iteration;
  std::vector<Expr*> slice;  // empty, or one a key part; null for *
  Expr* limit = nullptr;
  Expr* catch_target = nullptr;  // local or global
};

struct Function {
  std::string name;           // as the script says it
  std::string mangled_name;   // private and overloaded ones differ
  Type type = Type::unknown;  // of the result; unknown: none
  uint32_t capacity = 0;
  uint32_t parameters = 0;  // the first so many locals
  std::vector<Local> locals;
  Stmt* body = nullptr;                   // null: embedded C
  std::string embedded;                   // its code
  std::optional<uint32_t> next_overload;  // index: tried when this one says `next`
  bool may_next = false;
  bool recursive = false;
  bool from_tapset = false;  // of the library: its statements need not count towards MAXACTION
  SourceLocation where;
};

// One derived probe. `spec` is complete but for handler, program and where.
struct Probe {
  ProbeSpec spec;
  ProgramContext context = ProgramContext::raw_tracepoint;
  std::vector<Local> locals;
  Stmt* body = nullptr;
  Expr* condition = nullptr;  // `if (E)`
  std::string derivation;     // how the script's point became this one, for `stap -p2`
  SourceLocation where;
  std::string token;
};

// Owns every node.
struct Program {
  std::vector<Global> globals;
  std::vector<Function> functions;
  std::vector<Probe> probes;
  std::vector<Print> prints;
  std::vector<Regex> regexes;
  Limits limits;

  Expr* make_expr(Expr::Kind kind, SourceLocation where) {
    exprs_.push_back({});
    exprs_.back().kind = kind;
    exprs_.back().where = where;
    return &exprs_.back();
  }
  Stmt* make_stmt(Stmt::Kind kind, SourceLocation where) {
    stmts_.push_back({});
    stmts_.back().kind = kind;
    stmts_.back().where = where;
    return &stmts_.back();
  }

 private:
  std::deque<Expr> exprs_;
  std::deque<Stmt> stmts_;
};

}  // namespace stapd::sem
