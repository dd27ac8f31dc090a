// How long strings can get. Capacities grow from what flows into each variable until nothing
// changes; what grows with every round (x .= "a" in a loop) goes to MAXSTRINGLEN at once.
#include <algorithm>

#include "translator/builtin/builtin.h"
#include "translator/elaborate/finish_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using sem::Expr;
using sem::Stmt;
using sem::Type;
using Kind = sem::Expr::Kind;

// Digits, sign and prefix of a 64-bit number in the widest base: octal.
constexpr uint64_t kNumberBytes = 24;
// After so many rounds, what still grows is taken to grow without end.
constexpr int kPatience = 16;

class WidthInference {
 public:
  explicit WidthInference(sem::Program& program) : program_(program) {}

  void run() {
    initialize();
    for (int round = 0; changed_; ++round) {
      changed_ = false;
      widen_ = round >= kPatience;
      for (sem::Function& function : program_.functions) {
        locals_ = &function.locals;
        function_ = &function;
        body(function.body, nullptr);
      }
      function_ = nullptr;
      for (sem::Probe& probe : program_.probes) {
        locals_ = &probe.locals;
        body(probe.body, probe.condition);
      }
    }
  }

 private:
  uint32_t most() const { return program_.limits.max_string; }

  void initialize() {
    for (sem::Global& global : program_.globals) {
      global.key_capacity.assign(global.key.size(), 0);
      for (size_t i = 0; i < global.key.size(); ++i)
        if (global.key[i] == Type::string) global.key_capacity[i] = 1;
      if (global.type == Type::string) global.capacity = 1;
      if (global.init_text) grow(global.capacity, global.init_text->size() + 1);
    }
    for (sem::Function& function : program_.functions) {
      if (function.type == Type::string) function.capacity = function.body ? 1 : most();
      initialize(function.locals);
    }
    for (sem::Probe& probe : program_.probes) initialize(probe.locals);
  }
  static void initialize(std::vector<sem::Local>& locals) {
    for (sem::Local& local : locals) local.capacity = local.type == Type::string ? 1 : 0;
  }

  void grow(uint32_t& capacity, uint64_t needed) {
    needed = std::min<uint64_t>(needed, most());
    if (needed <= capacity) return;
    capacity = widen_ ? most() : static_cast<uint32_t>(needed);
    changed_ = true;
  }

  void body(Stmt* s, Expr* condition) {
    if (condition) sem::for_each_expr(condition, [this](Expr*& e) { expr(*e); });
    sem::for_each_expr(s, [this](Expr*& e) { expr(*e); });
    sem::for_each_stmt(s, [this](Stmt& inner) { stmt(inner); });
  }

  void stmt(Stmt& s) {
    switch (s.kind) {
      case Stmt::Kind::foreach: {
        sem::Global& global = program_.globals[s.index];
        for (size_t i = 0; i < s.keys.size(); ++i) {
          if (global.key[i] != Type::string) continue;
          grow((*locals_)[s.keys[i]].capacity, global.key_capacity[i]);
          if (!s.slice.empty() && s.slice[i]) grow(global.key_capacity[i], s.slice[i]->capacity);
        }
        if (s.value_local && global.type == Type::string)
          grow((*locals_)[*s.value_local].capacity, global.capacity);
        return;
      }
      case Stmt::Kind::try_catch:
        if (s.catch_target) store(*s.catch_target, most());
        return;
      case Stmt::Kind::return_:
        if (s.expr && function_ && function_->type == Type::string)
          grow(function_->capacity, s.expr->capacity);
        return;
      case Stmt::Kind::remove:
        if (s.expr->kind == Kind::element) keys(*s.expr);
        return;
      default:
        return;
    }
  }

  void store(const Expr& target, uint64_t capacity) {
    if (target.kind == Kind::local)
      grow((*locals_)[target.index].capacity, capacity);
    else if (target.kind == Kind::global || target.kind == Kind::element)
      grow(program_.globals[target.index].capacity, capacity);
  }

  // A key that is looked up counts too: one that was cut could be taken for another.
  void keys(const Expr& e) {
    sem::Global& global = program_.globals[e.index];
    for (size_t i = 0; i < e.args.size() && i < global.key.size(); ++i)
      if (e.args[i] && global.key[i] == Type::string)
        grow(global.key_capacity[i], e.args[i]->capacity);
  }

  // Children come first, so their capacities are those of this round.
  void expr(Expr& e) {
    if (e.kind == Kind::in_array || e.kind == Kind::element) keys(e);
    if (e.kind == Kind::call) arguments(e);
    if (e.type != Type::string) return;
    const uint64_t needed = needed_by(e);
    if (e.kind == Kind::assign || e.kind == Kind::update) store(*e.args[0], needed);
    grow(e.capacity, needed);
  }

  void arguments(const Expr& e) {
    for (std::optional<uint32_t> f = e.index; f; f = program_.functions[*f].next_overload)
      for (size_t i = 0; i < e.args.size(); ++i)
        if (e.args[i]->type == Type::string)
          grow(program_.functions[*f].locals[i].capacity, e.args[i]->capacity);
  }

  uint64_t needed_by(const Expr& e) const {
    switch (e.kind) {
      case Kind::string:
        return e.text.size() + 1;
      case Kind::local:
        return (*locals_)[e.index].capacity;
      case Kind::global:
      case Kind::element:
        return program_.globals[e.index].capacity;
      case Kind::conditional:
        return std::max(e.args[1]->capacity, e.args[2]->capacity);
      case Kind::concat: {
        uint64_t bytes = 1;
        for (const Expr* part : e.args) bytes += bytes_of(*part);
        return bytes;
      }
      case Kind::assign:
        return e.args[1]->capacity;
      case Kind::update:
        return bytes_of(*e.args[0]) + bytes_of(*e.args[1]) + 1;
      case Kind::call:
        return called(e);
      case Kind::builtin:
        return built_in(e);
      case Kind::print:
        return printed(e);
      case Kind::load_string:
        return e.value > 0 ? static_cast<uint64_t>(e.value) + 1 : most();
      default:
        return most();
    }
  }
  static uint64_t bytes_of(const Expr& e) { return e.capacity > 0 ? e.capacity - 1 : 0; }

  uint64_t called(const Expr& e) const {
    uint64_t capacity = 1;
    for (std::optional<uint32_t> f = e.index; f; f = program_.functions[*f].next_overload)
      capacity = std::max<uint64_t>(capacity, program_.functions[*f].capacity);
    return capacity;
  }

  uint64_t built_in(const Expr& e) const {
    const int capacity = info(static_cast<Builtin>(e.index)).capacity;
    if (capacity == BuiltinInfo::kMax) return at_most_constant(e);
    if (capacity == BuiltinInfo::kFirst) return e.args[0]->capacity;
    return static_cast<uint64_t>(capacity);
  }

  // user_string(address, 20) gives no more than its constant bound.
  uint64_t at_most_constant(const Expr& e) const {
    if (e.args.size() == 2 && e.args[1]->kind == Kind::integer && e.args[1]->value > 0)
      return static_cast<uint64_t>(e.args[1]->value) + 1;
    return most();
  }

  uint64_t printed(const Expr& e) const {
    uint64_t bytes = 1;
    for (const FormatPiece& piece : program_.prints[e.index].pieces) bytes += piece_bytes(piece, e);
    return bytes;
  }

  uint64_t piece_bytes(const FormatPiece& piece, const Expr& e) const {
    using Source = FormatPiece::Source;
    if (piece.conversion == Conversion::literal) return piece.text.size();
    if (piece.width.kind == Source::Kind::field || piece.precision.kind == Source::Kind::field)
      return most();
    const uint64_t width =
        piece.width.kind == Source::Kind::constant ? static_cast<uint64_t>(piece.width.value) : 0;
    const bool has_precision = piece.precision.kind == Source::Kind::constant;
    const auto precision = static_cast<uint64_t>(has_precision ? piece.precision.value : 0);
    const Expr& value = *e.args[static_cast<size_t>(piece.value.value)];
    uint64_t bytes = kNumberBytes;
    switch (piece.conversion) {
      case Conversion::string:
        bytes = value.type == Type::string ? bytes_of(value) : kNumberBytes;
        if (has_precision) bytes = std::min(bytes, precision);
        if (piece.flags & FormatPiece::alternate) bytes *= 4;  // \ooo for what is not printable
        break;
      case Conversion::character:
        bytes = 4;
        break;
      case Conversion::binary:
        bytes = 8;
        break;
      case Conversion::memory:
      case Conversion::memory_hex:
      case Conversion::histogram_log:
      case Conversion::histogram_linear:
        return most();
      default:
        bytes = std::max(bytes, precision + 2);
        break;
    }
    return std::max(bytes, width);
  }

  sem::Program& program_;
  std::vector<sem::Local>* locals_ = nullptr;
  sem::Function* function_ = nullptr;
  bool changed_ = true, widen_ = false;
};

}  // namespace

void infer_widths(sem::Program& program) { WidthInference(program).run(); }

}  // namespace stapd
