#include "translator/ir/inline_calls.h"

#include <algorithm>
#include <map>

#include "translator/ir/append_function.h"
#include "translator/ir/liveness.h"
#include "translator/ir/message_text.h"

namespace stapd {
namespace {

using ir::Op;
using ir::Operand;

// Of all handlers together the verifier takes a million steps; a handler this large is no handler.
constexpr size_t kMaxInstructions = 50'000;

// Calls in calls, and loops by foreach, that one handler can have.
constexpr uint32_t kMostLevels = 100;
constexpr size_t kMostLoops = 127;

// The handler itself, as the owner of blocks and variables; else the index of a routine.
constexpr uint32_t kHandler = 0xffffffff;

// A recursive function: it stands in the handler once, and its calls go there and come back.
struct Routine {
  uint32_t function = 0;
  uint32_t entry = 0;  // block
  std::vector<Operand> params;
  std::vector<Operand> results;  // where `return` leaves its values
  uint32_t resume = 0;           // block that goes back to the caller
  std::vector<uint32_t> calls;   // continuations, by number from 1
};

class Inliner {
 public:
  Inliner(const ir::Function& handler, ProgramImage& image) : result_(handler), image_(image) {}

  Result<ir::Function> run() {
    own_variables(kHandler);
    own_blocks(kHandler, 0);
    make_pending_slot();
    for (uint32_t b = 0; b < result_.blocks.size(); ++b) {
      count_ += result_.blocks[b].code.size();
      if (count_ > kMaxInstructions)
        return failf(ErrorCode::limit, "{}: the handler and its functions are too large",
                     result_.name);
      for (ir::Instr& instr : result_.blocks[b].code)
        if (instr.op == Op::nesting) instr.aux = level_[b];
      if (result_.blocks[b].code.back().op == Op::call) STAPD_TRY(expand_call(b));
    }
    if (!routines_.empty()) STAPD_TRY(link_routines());
    replace_error_texts();
    return std::move(result_);
  }

 private:
  // Present when a catch somewhere asks for the message of an error that a call came back with.
  void make_pending_slot() {
    bool wanted = has_error_text(result_);
    for (const ir::Function& function : image_.functions) wanted |= has_error_text(function);
    if (!wanted) return;
    pending_ = Operand::slot(static_cast<uint32_t>(result_.slots.size()));
    result_.slots.push_back(image_.limits.max_string);
    own_variables(kHandler);
  }

  static bool has_error_text(const ir::Function& function) {
    for (const ir::Block& block : function.blocks)
      for (const ir::Instr& instr : block.code)
        if (instr.op == Op::error_text) return true;
    return false;
  }

  // ---- putting functions in place
  // -----------------------------------------------------------------

  Status expand_call(uint32_t b) {
    const ir::Instr call = result_.blocks[b].code.back();
    const ir::Function& callee = image_.functions[call.aux];
    // Both are kept in signed bytes.
    if (level_[b] >= kMostLevels ||
        result_.iterations.size() + callee.iterations.size() > kMostLoops)
      return failf(ErrorCode::limit, "{}: the handler and its functions are too large",
                   result_.name);
    if (callee.recursive) return call_routine(b, call, callee);
    Offsets offsets = reserve(callee, owner_[b]);
    uint32_t first = static_cast<uint32_t>(result_.blocks.size());
    std::vector<ir::Instr>& code = result_.blocks[b].code;
    code.pop_back();
    for (size_t i = 0; i < callee.params.size(); ++i)
      code.push_back(copy(renamed(callee.params[i], offsets), call.args[i], call.where));
    clear_locals(code, callee, offsets, call.where);
    code.push_back(jump_to(first));
    append_body(callee, offsets, owner_[b], level_[b] + 1);
    uint32_t end = static_cast<uint32_t>(result_.blocks.size());
    for (uint32_t i = first; i < end; ++i) redirect_end(i, call);
    return {};
  }

  // Room for the callee's variables behind ours.
  Offsets reserve(const ir::Function& callee, uint32_t owner) {
    Offsets offsets = reserve_variables(result_, callee);
    own_variables(owner);
    return offsets;
  }

  // What was added last belongs to `owner`.
  void own_variables(uint32_t owner) {
    register_owner_.resize(result_.registers, owner);
    slot_owner_.resize(result_.slots.size(), owner);
  }

  // Likewise of the blocks, which are in `level` calls that were put in place.
  void own_blocks(uint32_t owner, uint32_t level) {
    owner_.resize(result_.blocks.size(), owner);
    level_.resize(result_.blocks.size(), level);
  }

  void append_body(const ir::Function& callee, const Offsets& offsets, uint32_t owner,
                   uint32_t level) {
    append_blocks(result_, callee, offsets);
    own_blocks(owner, level);
  }

  static ir::Instr copy(Operand to, Operand from, uint32_t where) {
    ir::Instr instr;
    instr.op = to.kind == Operand::Kind::slot ? Op::str_copy : Op::mov;
    instr.dst = {to};
    instr.args = {from};
    instr.where = where;
    return instr;
  }

  static ir::Instr jump_to(uint32_t block) {
    ir::Instr instr;
    instr.op = Op::jump;
    instr.target[0] = block;
    return instr;
  }

  // Locals start as 0 and "" in each call, also in a loop.
  void clear_locals(std::vector<ir::Instr>& code, const ir::Function& callee,
                    const Offsets& offsets, uint32_t where) {
    for (uint32_t reg : read_before_written(callee))
      code.push_back(copy(renamed(Operand::reg(reg), offsets), Operand::imm(0), where));
    for (uint32_t slot : slots_read_before_written(callee))
      code.push_back(copy(renamed(Operand::slot(slot), offsets), literal(""), where));
  }

  // What ended the callee goes on behind the call.
  void redirect_end(uint32_t b, const ir::Instr& call) {
    ir::Instr last = result_.blocks[b].code.back();
    std::vector<ir::Instr>& code = result_.blocks[b].code;
    if (last.op == Op::ret) {
      code.pop_back();
      for (size_t i = 0; i < call.dst.size(); ++i)
        if (call.dst[i].kind != Operand::Kind::none)
          code.push_back(copy(call.dst[i], last.args[i], call.where));
      code.push_back(jump_to(call.target[0]));
    } else if (last.op == Op::call && last.target[1] == ir::kNoBlock) {
      code.back().target[1] = call.target[1];
    } else if (last.op == Op::raise && last.sub == 0 && call.target[1] != ir::kNoBlock) {
      code.pop_back();
      uint32_t end = build_message(b, last);
      result_.blocks[end].code.push_back(jump_to(call.target[1]));
    }
  }

  // The message of an error in the pending slot, when somebody wants it: at the end of block `b`,
  // which goes on in the block that is returned.
  uint32_t build_message(uint32_t b, const ir::Instr& raise) {
    if (pending_.kind != Operand::Kind::slot) return b;
    IrBuilder build(result_, b);
    build.set_where(raise.where);
    build.append(Op::str_copy, {pending_}, {literal("")});
    auto pool = [this](const std::string& text) { return literal(text); };
    for (const FormatPiece& piece : image_.formats[raise.aux].pieces)
      append_piece(build, pool, pending_, piece, raise.args);
    own_blocks(owner_[b], level_[b]);
    return build.block();
  }

  void replace_error_texts() {
    for (ir::Block& block : result_.blocks)
      for (ir::Instr& instr : block.code)
        if (instr.op == Op::error_text) instr = copy(instr.dst[0], pending_, instr.where);
  }

  Operand literal(const std::string& text) {
    auto it = std::find(image_.literals.begin(), image_.literals.end(), text);
    if (it == image_.literals.end()) it = image_.literals.insert(it, text);
    return Operand::literal(static_cast<uint32_t>(it - image_.literals.begin()));
  }

  // ---- recursive functions
  // ------------------------------------------------------------------------

  // The call stays; its callee becomes a routine. link_routines() makes it a push and a jump.
  Status call_routine(uint32_t, const ir::Instr& call, const ir::Function& callee) {
    if (!callee.iterations.empty())
      return failf(
          ErrorCode::unsupported,
          "not yet supported: foreach in the recursive function {} in a handler that runs in "
          "the kernel",
          callee.name);
    if (routine_of_.count(call.aux)) return {};
    uint32_t index = static_cast<uint32_t>(routines_.size());
    routine_of_[call.aux] = index;
    routines_.push_back({});
    Offsets offsets = reserve(callee, index);
    // An entry of its own, which clears the locals.
    ir::Block entry;
    clear_locals(entry.code, callee, offsets, call.where);
    ++offsets.first_block;
    entry.code.push_back(jump_to(offsets.first_block));
    Routine& routine = routines_[index];
    routine.function = call.aux;
    routine.entry = static_cast<uint32_t>(result_.blocks.size());
    result_.blocks.push_back(std::move(entry));
    own_blocks(index, 0);
    for (const Operand& param : callee.params) routine.params.push_back(renamed(param, offsets));
    for (const Operand& value : result_kinds(callee)) {
      bool is_text = value.kind == Operand::Kind::slot;
      if (is_text) result_.slots.push_back(image_.limits.max_string);
      routine.results.push_back(is_text
                                    ? Operand::slot(static_cast<uint32_t>(result_.slots.size() - 1))
                                    : Operand::reg(result_.registers++));
    }
    own_variables(kHandler);  // results are read before anything is called again
    append_body(callee, offsets, index, 0);
    routine.resume = static_cast<uint32_t>(result_.blocks.size());
    result_.blocks.push_back({{jump_to(routine.resume)}});  // filled in by link_routines()
    own_blocks(index, 0);
    return {};
  }

  // A register or slot for each value that a function returns.
  static std::vector<Operand> result_kinds(const ir::Function& function) {
    for (const ir::Block& block : function.blocks) {
      const ir::Instr& last = block.code.back();
      if (last.op != Op::ret) continue;
      std::vector<Operand> kinds;
      for (const Operand& value : last.args) {
        bool is_text = value.kind == Operand::Kind::slot || value.kind == Operand::Kind::literal;
        kinds.push_back(is_text ? Operand::slot(0) : Operand::reg(0));
      }
      return kinds;
    }
    return {};
  }

  // Calls become pushes of what their caller still needs, returns become jumps to the pops.
  Status link_routines() {
    Liveness liveness(result_);
    size_t blocks = result_.blocks.size();
    for (uint32_t b = 0; b < blocks; ++b)
      if (result_.blocks[b].code.back().op == Op::call) link_call(b, liveness);
    for (uint32_t b = 0; b < blocks; ++b) {
      if (owner_[b] == kHandler) continue;
      const ir::Instr last = result_.blocks[b].code.back();
      if (last.op == Op::ret) link_return(b, last);
      if (last.op == Op::raise && last.sub == 0) link_raise(b, last);
    }
    for (Routine& routine : routines_) fill_resume(routine);
    return {};
  }

  // Variables of the routine that the call is in, as a later call of the same routine changes them.
  std::vector<Operand> kept_over(uint32_t b, const ir::Instr& call, const Liveness& liveness) {
    std::vector<Operand> kept;
    if (owner_[b] == kHandler) return kept;
    std::vector<bool> live = liveness.live_out(b);
    auto consider = [&](Operand operand, uint32_t owner) {
      bool is_result = std::find(call.dst.begin(), call.dst.end(), operand) != call.dst.end();
      if (owner != kHandler && !is_result && live[static_cast<size_t>(liveness.variable(operand))])
        kept.push_back(operand);
    };
    for (uint32_t reg = 0; reg < register_owner_.size(); ++reg)
      consider(Operand::reg(reg), register_owner_[reg]);
    for (uint32_t slot = 0; slot < slot_owner_.size(); ++slot)
      consider(Operand::slot(slot), slot_owner_[slot]);
    return kept;
  }

  void link_call(uint32_t b, const Liveness& liveness) {
    const ir::Instr call = result_.blocks[b].code.back();
    Routine& routine = routines_[routine_of_.at(call.aux)];
    std::vector<Operand> kept = kept_over(b, call, liveness);
    uint32_t number = static_cast<uint32_t>(continuations_.size() + 1);
    ir::Block back, failed;
    ir::Instr pop;
    pop.op = Op::stack_pop;
    pop.dst = kept;
    pop.sub = static_cast<int8_t>(level_[b] + 1);
    pop.where = call.where;
    back.code.push_back(pop);
    for (size_t i = 0; i < call.dst.size(); ++i)
      if (call.dst[i].kind != Operand::Kind::none)
        back.code.push_back(copy(call.dst[i], routine.results[i], call.where));
    back.code.push_back(jump_to(call.target[0]));
    bool catches = call.target[1] != ir::kNoBlock;
    continuations_.push_back({add_block(back, owner_[b]), ir::kNoBlock});
    routine.calls.push_back(number);
    if (catches) {
      failed.code = {pop, jump_to(call.target[1])};
      continuations_.back().failed = add_block(failed, owner_[b]);
    }
    std::vector<ir::Instr>& code = result_.blocks[b].code;
    code.pop_back();
    ir::Instr push;
    push.op = Op::stack_push;
    push.args = kept;
    push.sub = static_cast<int8_t>(level_[b] + 1);
    push.aux = number | (catches ? number << 16 : 0);
    push.where = call.where;
    code.push_back(push);
    pass_parameters(code, call, routine);
    code.push_back(jump_to(routine.entry));
  }

  // Arguments may be the parameters themselves: by way of copies.
  void pass_parameters(std::vector<ir::Instr>& code, const ir::Instr& call,
                       const Routine& routine) {
    std::vector<Operand> values = call.args;
    for (Operand& value : values) {
      if (std::find(routine.params.begin(), routine.params.end(), value) == routine.params.end())
        continue;
      Operand copied;
      if (value.kind == Operand::Kind::slot) {
        result_.slots.push_back(result_.slots[value.value]);
        copied = Operand::slot(static_cast<uint32_t>(result_.slots.size() - 1));
      } else {
        copied = Operand::reg(result_.registers++);
      }
      code.push_back(copy(copied, value, call.where));
      value = copied;
    }
    for (size_t i = 0; i < routine.params.size(); ++i)
      code.push_back(copy(routine.params[i], values[i], call.where));
  }

  void link_return(uint32_t b, const ir::Instr& ret) {
    const Routine& routine = routines_[owner_[b]];
    std::vector<ir::Instr>& code = result_.blocks[b].code;
    code.pop_back();
    for (size_t i = 0; i < ret.args.size(); ++i)
      code.push_back(copy(routine.results[i], ret.args[i], ret.where));
    code.push_back(jump_to(routine.resume));
  }

  // To the nearest call that catches, else out of the handler.
  void link_raise(uint32_t b, const ir::Instr& raise) {
    Operand where = Operand::reg(result_.registers++);
    std::vector<ir::Instr>& code = result_.blocks[b].code;
    code.pop_back();
    ir::Instr unwind;
    unwind.op = Op::stack_unwind;
    unwind.dst = {where};
    unwind.where = raise.where;
    code.push_back(unwind);
    ir::Block uncaught;
    uncaught.code.push_back(raise);
    uint32_t out = add_block(uncaught, kHandler);
    uint32_t caught = add_block({}, kHandler);
    dispatch_errors(build_message(caught, raise), where, out);
    result_.blocks[b].code.push_back(branch_on(where, 0, out, caught));
  }

  void fill_resume(Routine& routine) {
    Operand where = Operand::reg(result_.registers++);
    ir::Instr top;
    top.op = Op::stack_top;
    top.dst = {where};
    result_.blocks[routine.resume].code = {top};
    // Only its own calls come back from a routine; the last needs no question.
    uint32_t block = routine.resume;
    for (size_t i = 0; i + 1 < routine.calls.size(); ++i) {
      uint32_t next = add_block({}, kHandler);
      result_.blocks[block].code.push_back(
          branch_on(where, routine.calls[i], continuations_[routine.calls[i] - 1].back, next));
      block = next;
    }
    result_.blocks[block].code.push_back(jump_to(continuations_[routine.calls.back() - 1].back));
  }

  // Behind `block`: to the call that catches, by the number in `where`.
  void dispatch_errors(uint32_t block, Operand where, uint32_t otherwise) {
    for (size_t i = 0; i < continuations_.size(); ++i) {
      if (continuations_[i].failed == ir::kNoBlock) continue;
      uint32_t next = add_block({}, kHandler);
      result_.blocks[block].code.push_back(
          branch_on(where, static_cast<int64_t>(i + 1), continuations_[i].failed, next));
      block = next;
    }
    result_.blocks[block].code.push_back(jump_to(otherwise));
  }

  static ir::Instr branch_on(Operand value, int64_t number, uint32_t then, uint32_t otherwise) {
    ir::Instr instr;
    instr.op = Op::branch;
    instr.sub = static_cast<int8_t>(ir::Compare::eq);
    instr.args = {value, Operand::imm(number)};
    instr.target = {then, otherwise};
    return instr;
  }

  uint32_t add_block(ir::Block block, uint32_t owner) {
    result_.blocks.push_back(std::move(block));
    own_blocks(owner, 0);
    return static_cast<uint32_t>(result_.blocks.size() - 1);
  }

  struct Continuation {
    uint32_t back, failed;  // blocks
  };

  ir::Function result_;
  ProgramImage& image_;
  Operand pending_;
  size_t count_ = 0;
  std::vector<uint32_t> owner_;  // of each block: the routine it belongs to
  std::vector<uint32_t> level_;  // of each block: calls in place around it, since its owner's start
  std::vector<uint32_t> register_owner_, slot_owner_;
  std::map<uint32_t, uint32_t> routine_of_;  // function -> routine
  std::vector<Routine> routines_;
  std::vector<Continuation> continuations_;
};

}  // namespace

Result<ir::Function> inline_calls(const ir::Function& handler, ProgramImage& image) {
  return Inliner(handler, image).run();
}

}  // namespace stapd
