// Lowers one handler or function. Inside the room only; lower.h is its door.
#pragma once

#include <optional>
#include <vector>

#include "translator/builtin/builtin.h"
#include "translator/ir/ir_builder.h"
#include "translator/lower/image_builder.h"

namespace stapd {

class FunctionLowering {
 public:
  FunctionLowering(ImageBuilder& image, ir::Function& function)
      : image_(image), build_(function), function_(function) {}

  Status lower_function(const sem::Function& function);
  Status lower_handler(const sem::Probe& probe);
  // A function that returns 1 or 0, and 1 where the condition ends with an error. It says nothing
  // of its place, so that equal conditions become equal functions.
  Status lower_condition(const sem::Probe& probe);

 private:
  using Operand = ir::Operand;

  // %m and %M show no more bytes than a page has.
  static constexpr int64_t kMostMemory = 4096;

  // ---- statements (lower_statement.cpp)
  void statement(const sem::Stmt& stmt);
  void if_else(const sem::Stmt& stmt);
  void loop(const sem::Stmt& stmt);
  void foreach_array(const sem::Stmt& stmt);
  void foreach_bucket(const sem::Stmt& stmt);
  void try_catch(const sem::Stmt& stmt);
  void remove(const sem::Stmt& stmt);
  void remove_slice(const sem::Expr& target);
  void return_(const sem::Stmt& stmt);
  void next();
  void leave_loop(bool again);
  void close_iterations(size_t down_to);
  void open_iteration(const std::vector<Operand>& args, uint32_t global, int8_t index);
  void count_actions(const sem::Stmt& body);

  // ---- expressions (lower_expression.cpp)
  Operand integer(const sem::Expr& expr);
  Operand binary(const sem::Expr& expr);
  Operand divide(const sem::Expr& expr, ir::Op op, Operand a, Operand b);
  Operand arithmetic(const sem::Expr& at, ir::Op op, Operand a, Operand b);
  Operand compare(const sem::Expr& expr);
  Operand logical(const sem::Expr& expr);
  Operand conditional(const sem::Expr& expr);
  Operand context_number(ir::Op op, const sem::Expr& expr);
  Operand call(const sem::Expr& expr);
  static const sem::Expr* wrapped_builtin(const sem::Function& function);
  void check_nesting(const sem::Function& callee);
  uint32_t caught_call_block();
  Operand load(const sem::Expr& expr);
  Operand regex(const sem::Expr& expr);
  Operand in_array(const sem::Expr& expr);
  Operand statistic_field(const sem::Expr& expr);
  Operand bucket(const sem::Expr& expr);
  void check_not_empty(const sem::Expr& at, Operand statistic);
  void effect(const sem::Expr& expr);
  // Jumps by the truth of an expression without making a 0 or 1 of it.
  void condition(const sem::Expr& expr, uint32_t then, uint32_t otherwise);
  // The operand, or a copy when lowering `later` may change what it names.
  Operand stable(Operand operand, const std::vector<const sem::Expr*>& later);

  // ---- strings (lower_string.cpp)
  // A slot or literal with the value. What it names may be a variable: read it before that changes.
  Operand string(const sem::Expr& expr);
  void string_into(Operand slot, const sem::Expr& expr);
  void append(Operand slot, const sem::Expr& expr);
  void copy_string(Operand slot, Operand from);

  // ---- the sprint family (lower_sprint.cpp); a byte 0 goes to the block `end`
  using Values = std::vector<Operand>;
  void append_print(Operand slot, const sem::Expr& expr);
  void append_converted(Operand slot, const sem::Expr& print, const FormatPiece& piece,
                        const Values& values, uint32_t end);
  void append_piece(Operand slot, const FormatPiece& piece, const Values& values);
  void append_fitted(Operand slot, const FormatPiece& piece, Operand text, bool escaped,
                     Values values);
  void append_character(Operand slot, const FormatPiece& piece, const Values& values, uint32_t end);
  void append_binary(Operand slot, const FormatPiece& piece, const Values& values, uint32_t end);
  Operand binary_size(Operand width, Operand precision);
  void go_if_greater(Operand a, Operand b, uint32_t target);
  void append_memory(const sem::Expr& at, Operand slot, const FormatPiece& piece,
                     const Values& values, uint32_t end);
  // lower_histogram.cpp
  void append_histogram(Operand slot, const FormatPiece& piece, Operand statistic);
  Operand read_bytes(const sem::Expr& at, const FormatPiece& piece, const Values& values);
  static Operand amount_of(const FormatPiece::Source& source, const Values& values, int64_t absent);
  void unless_zero(Operand byte, uint32_t zero);

  // ---- variables (lower_variable.cpp)
  Operand local(uint32_t index) const { return locals_[index]; }
  Operand assign(const sem::Expr& expr);
  Operand update(const sem::Expr& expr);
  Operand increment(const sem::Expr& expr);
  Operand accumulate(const sem::Expr& expr);
  Operand read_integer(const sem::Expr& target);
  Operand read_string(const sem::Expr& target);
  void write_integer(const sem::Expr& target, Operand value, const std::vector<Operand>* keys);
  void write_string(const sem::Expr& target, Operand value, const std::vector<Operand>* keys);
  Operand add_with_keys(const sem::Expr& target, Operand summand, bool wants_value,
                        const std::vector<Operand>& keys);
  Operand add_in_place(const sem::Expr& target, Operand summand, bool wants_value);
  std::vector<Operand> keys_of(const sem::Expr& element);
  // Of the target of an assignment, none when it is no element.
  std::vector<Operand> keys_before(const sem::Expr& target, const sem::Expr& value);
  Operand read_statistic(const sem::Expr& target);
  void check_status(Operand status, const sem::Expr& target);

  // ---- print and builtins (lower_print.cpp, lower_builtin.cpp)
  Operand print(const sem::Expr& expr);
  void print_record(const sem::Expr& expr);
  std::optional<FormatPiece::Source> constant_source(const sem::Expr& value) const;
  RecordField field_of(const sem::Expr& value) const;
  // `later`: what is evaluated before the value is used.
  Operand print_argument(const sem::Expr& print, const sem::Expr& arg,
                         const std::vector<const sem::Expr*>& later);
  Operand read_histogram(const sem::Expr& histogram, const sem::Expr& print);
  void message_record(RecordChannel channel, const sem::Expr& text);
  Operand builtin(const sem::Expr& expr);
  Operand builtin_load(Builtin which, const sem::Expr& expr);
  Operand builtin_string_load(const sem::Expr& expr, ir::Space space);

  // ---- errors (lower_error.cpp)
  // Where an error is, for its message.
  std::string near(const sem::Expr& at) const;
  // Raises a soft error at `at`: into the catch around it, or out of the function. The block is
  // closed.
  void raise(const sem::Expr& at, std::vector<FormatPiece> message,
             const std::vector<Operand>& values, const std::vector<RecordField>& fields,
             bool catchable = true);
  void raise_text(const sem::Expr& at, const std::string& message, bool catchable = true);
  void raise_fault(const sem::Expr& at, ir::Space space, const std::string& what, Operand address);
  void fail_with(const tl::unexpected<Error>& error) {
    if (status_) status_ = error;
  }

  struct Loop {
    uint32_t again, end;  // blocks of continue and break
    size_t iterations;    // open foreach at the loop's body
  };
  struct OpenIteration {
    uint32_t global, index;
  };
  // Where an error goes: the catch block and the slot that gets its message.
  struct Catch {
    uint32_t block;
    std::optional<Operand> message;
    size_t iterations;
  };

  ImageBuilder& image_;
  IrBuilder build_;
  ir::Function& function_;
  const sem::Function* source_ = nullptr;  // null in a handler
  std::vector<Operand> locals_;
  std::vector<sem::Local> local_types_;
  std::vector<Loop> loops_;
  std::vector<OpenIteration> iterations_;
  std::vector<Catch> catches_;
  Status status_;
};

// True when evaluating the expression can assign a local variable.
bool assigns_local(const sem::Expr& expr);
// True when it reads the local variable.
bool reads_local(const sem::Expr& expr, uint32_t local);
// Bytes that hold the value whatever it is, negative when it can be negative; 8 when nothing is
// known.
int integer_width(const sem::Expr& expr, const sem::Program& program);

}  // namespace stapd
