#include "translator/bpf/select.h"

#include <algorithm>
#include <limits>

#include "runtime/base/check.h"
#include "translator/ir/liveness.h"

namespace stapd::bpf {
namespace {

// bpf_loop's own limit on iterations is 8 Mi.
constexpr int32_t kMaxSegmentRuns = 1 << 23;

// Where the program keeps what its segments need, in its own stack: the callback gets its address.
constexpr int32_t kSegmentFrame = -8;
constexpr int32_t kSegmentContext = -16;

// How often a lock is tried for MAXTRYLOCK * TRYLOCKDELAY, at about 20 ns a round.
int32_t lock_rounds(const Limits& limits) {
  int64_t rounds = int64_t{limits.max_try_lock} * limits.try_lock_delay_us * 50;
  return static_cast<int32_t>(std::clamp<int64_t>(rounds, 1, kMaxSegmentRuns));
}

bool is_print(const ir::Instr& instr) { return instr.op == ir::Op::print; }

// Most bytes of any string of the handler, the final 0 included.
uint32_t longest_string(const ir::Function& function, const ProgramImage& image) {
  uint32_t longest = kShortCapacity;
  for (uint32_t capacity : function.slots) longest = std::max(longest, capacity);
  for (const ir::Block& block : function.blocks)
    for (const ir::Instr& instr : block.code)
      for (const ir::Operand& operand : instr.args)
        if (operand.kind == ir::Operand::Kind::literal)
          longest = std::max<uint32_t>(longest, image.literals[operand.value].size() + 1);
  return round_up_8(longest);
}

}  // namespace

Selector::Selector(const GenerateInput& input, DataPool& data, GeneratedProgram& result)
    : input_(input),
      image_(input.image),
      function_(input.function),
      data_(data),
      result_(result),
      program_(result.program),
      segments_(plan_segments(input.function)),
      functions_(segments_.has_loops() ? 2 : 1),
      emit_(functions_[0]),
      library_(functions_, data.spaces(Library::kPadding),
               data.text(std::string(Library::kPadding, '0')), lock_rounds(input.image.limits),
               longest_string(input.function, input.image)) {
  result.longest_string = longest_string(input.function, input.image);
}

Result<std::vector<Function>> Selector::run() {
  const std::vector<bool> all(function_.registers, true);
  STAPD_ASSIGN(plan_,
               plan_frame(function_, image_, input_.variables_in_memory ? all : segments_.crosses));
  if (segments_.has_loops() && plan_.on_stack) {
    // Segments run in another function, whose stack is not the program's.
    STAPD_ASSIGN(plan_, plan_frame(function_, image_, all));
    if (plan_.on_stack) return fail(ErrorCode::internal, "a handler with loops without a frame");
  }
  for (const ir::Block& block : function_.blocks)
    print_sites_ += std::count_if(block.code.begin(), block.code.end(), is_print);
  // Before anything is written: the program's end releases what its segments hold.
  for (const ir::Block& block : function_.blocks)
    for (const ir::Instr& instr : block.code)
      if (instr.op == ir::Op::iter_open) area_of(instr);
  emit_main();
  if (segments_.has_loops()) emit_segments();
  result_.scratch_size = scratch_size();
  return std::vector<Function>(std::make_move_iterator(functions_.begin()),
                               std::make_move_iterator(functions_.end()));
}

uint32_t Selector::scratch_size() const {
  if (plan_.on_stack) return 0;
  uint32_t longest = std::max(round_up_8(plan_.match_capacity), result_.longest_string);
  return plan_.size + longest + 2 * kStringTail;
}

void Selector::begin_function(size_t index, const std::string& name) {
  machine_ = &functions_[index];
  machine_->name = name;
  machine_->next_virtual = kFirstVirtual + function_.registers;
  emit_ = Emitter(*machine_);
  block_labels_.assign(function_.blocks.size(), kNoLabel);
  done_ = emit_.make_label();
  transient_ = 0;
}

int32_t Selector::transient_stack() {
  if (transient_ == 0) transient_ = -static_cast<int32_t>(machine_->stack_bytes += kTransientStack);
  return transient_;
}

// Cold code may find more cold code to emit.
void Selector::finish_function() {
  while (!cold_.empty()) {
    std::vector<std::function<void()>> now = std::move(cold_);
    cold_.clear();
    for (auto& code : now) code();
  }
}

// program(r1 = context):
//   if (state.run != running) return 0      (not for the daemon's handlers)
//   [frame = a free scratch frame of this CPU]
//   the handler, or with loops: bpf_loop(segments)
//   [frame.busy = 0]
//   return 0
void Selector::emit_main() {
  begin_function(0, program_.name);
  if (plan_.on_stack) machine_->stack_bytes = plan_.size;
  if (segments_.has_loops()) machine_->stack_bytes = -kSegmentContext;
  context_ = emit_.make_reg();
  emit_.move(context_, R1);
  emit_prologue();
  if (!segments_.has_loops()) {
    if (print_sites_ > 1) {
      time_ = emit_.make_reg();
      emit_.move_imm(time_, 0);
    }
    clear_variables();
    emit_blocks(0);
  } else {
    emit_.store(Size::u64, kFramePointer, kSegmentFrame, frame_);
    emit_.store(Size::u64, kFramePointer, kSegmentContext, context_);
    emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, segment), 0);
    emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, time), 0);
    emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, actions), action_limit());
    emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, depth), 0);
    emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, top), 0);
    clear_variables();
    emit_.move_imm(R1, kMaxSegmentRuns);
    emit_.subprogram_address(R2, 1);
    emit_.move(R3, kFramePointer);
    emit_.alu_imm(Alu::add, R3, kSegmentContext);
    emit_.move_imm(R4, 0);
    emit_.call(kLoop, 4);
  }
  emit_done();
  finish_function();
}

// The IR says that variables start as 0 and "".
void Selector::clear_variables() {
  for (uint32_t reg : read_before_written(function_)) set_imm(ir::Operand::reg(reg), 0);
  for (uint32_t slot : slots_read_before_written(function_)) copy_literal(plan_.slots[slot], "");
  if (plan_.match_capacity > 0)
    emit_.store_imm(Size::u64, frame_, plan_.match + offsetof(MatchArea, groups), 0);
  for (int32_t iteration : plan_.iterations)
    emit_.store_imm(Size::u64, frame_, iteration + offsetof(IterationState, held), 0);
}

void Selector::emit_prologue() {
  // A handler of the daemon runs when the daemon says so.
  if (input_.for_daemon) {
    if (!plan_.on_stack) emit_acquire_frame();
    return;
  }
  Reg state = emit_.make_reg();
  Label stopped = emit_.make_label();
  emit_.map_value(state, kStateMap, offsetof(SessionState, run));
  emit_.load(Size::u32, state, state, 0);
  emit_.jump_if_imm(Jump::ne, state, SessionState::running, stopped);
  cold([this, stopped] {
    emit_.label(stopped);
    emit_.move_imm(R0, 0);
    emit_.exit();
  });
  if (!plan_.on_stack) emit_acquire_frame();
}

// One of kScratchLevels frames of this CPU that no interrupted handler holds. The exchange is
// atomic because a program may be preempted between look and take.
void Selector::emit_acquire_frame() {
  Reg index = emit_.make_reg();
  frame_ = emit_.make_reg();
  if (input_.for_daemon) {
    emit_.move_relocated(index, Relocation::Kind::daemon_segment);
  } else {
    emit_.call(kGetSmpProcessorId, 0);
    emit_.move(index, R0);
  }
  emit_.alu_imm(Alu::mul, index, kScratchLevels);
  Label got = emit_.make_label(), none = emit_.make_label(), next = emit_.make_label();
  int32_t key = transient_stack();
  try_frame(index, key, none);
  emit_.jump_if_imm(Jump::ne, busy_, 0, next);
  emit_.label(got);
  cold([=, this] {
    emit_.label(next);
    for (uint32_t level = 1; level < kScratchLevels; ++level) {
      emit_.alu_imm(Alu::add, index, 1);
      try_frame(index, key, none);
      emit_.jump_if_imm(Jump::eq, busy_, 0, got);
    }
    emit_.label(none);
    emit_count_drop(DropCause::nested_too_deep);
    emit_.move_imm(R0, 0);
    emit_.exit();
  });
}

// frame_ = the scratch frame `index`; busy_ = 0 when it was free, and is ours now.
void Selector::try_frame(Reg index, int32_t key, Label none) {
  busy_ = emit_.make_reg();
  emit_.store(Size::u32, kFramePointer, key, index);
  emit_.map(R1, kScratchMap);
  emit_.move(R2, kFramePointer);
  emit_.alu_imm(Alu::add, R2, key);
  emit_.call(kMapLookupElem, 2);
  emit_.jump_if_imm(Jump::eq, R0, 0, none);
  emit_.move(frame_, R0);
  emit_.move_imm(busy_, 1);
  emit_.exchange(frame_, offsetof(ScratchHeader, busy), busy_);
}

void Selector::emit_done() {
  emit_.label(done_);
  release_areas();
  if (!plan_.on_stack) emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, busy), 0);
  emit_.move_imm(R0, 0);
  emit_.exit();
}

// callback(r1 = round, r2 = &{context, frame}): runs the segment that the frame names; 0 to go on,
// 1 when the handler is done.
void Selector::emit_segments() {
  begin_function(1, program_.name + ".segments");
  frame_ = emit_.make_reg();
  context_ = emit_.make_reg();
  emit_.load(Size::u64, context_, R2, 0);
  emit_.load(Size::u64, frame_, R2, kSegmentFrame - kSegmentContext);
  Reg segment = emit_.make_reg();
  emit_.load(Size::u64, segment, frame_, offsetof(ScratchHeader, segment));
  std::vector<Label> entries;
  for (size_t i = 0; i < segments_.heads.size(); ++i) entries.push_back(emit_.make_label());
  for (size_t i = 1; i < entries.size(); ++i)
    emit_.jump_if_imm(Jump::eq, segment, static_cast<int32_t>(i), entries[i]);
  for (size_t i = 0; i < entries.size(); ++i) {
    emit_.label(entries[i]);
    emit_blocks(segments_.heads[i]);
  }
  emit_.label(done_);
  emit_.move_imm(R0, 1);
  emit_.exit();
  finish_function();
}

// The blocks of one segment, each followed by its likely successor where that can be.
void Selector::emit_blocks(uint32_t head) {
  uint32_t segment = segments_.segment_of[head];
  std::vector<uint32_t> order, work = {head};
  std::vector<bool> seen(function_.blocks.size());
  while (!work.empty()) {
    uint32_t block = work.back();
    work.pop_back();
    if (seen[block]) continue;
    seen[block] = true;
    order.push_back(block);
    std::vector<uint32_t> next = ir::successors(function_.blocks[block]);
    for (size_t i = next.size(); i-- > 0;)
      if (segments_.head_segment[next[i]] < 0 && segments_.segment_of[next[i]] == segment)
        work.push_back(next[i]);
  }
  for (size_t i = 0; i < order.size(); ++i)
    emit_block(order[i], i + 1 < order.size() ? order[i + 1] : ir::kNoBlock);
}

void Selector::emit_block(uint32_t block, uint32_t next) {
  if (segments_.head_segment[block] < 0) emit_.label(label_of(block));
  for (const ir::Instr& instr : function_.blocks[block].code) emit_instr(instr, next);
}

Label Selector::label_of(uint32_t block) {
  if (block_labels_[block] == kNoLabel) {
    block_labels_[block] = emit_.make_label();
    // A block that begins a segment is reached by way of the dispatcher.
    if (int32_t segment = segments_.head_segment[block]; segment >= 0)
      cold([this, block, segment] {
        emit_.label(block_labels_[block]);
        emit_.store_imm(Size::u64, frame_, offsetof(ScratchHeader, segment), segment);
        emit_.move_imm(R0, 0);
        emit_.exit();
      });
  }
  return block_labels_[block];
}

void Selector::emit_instr(const ir::Instr& instr, uint32_t next) {
  emit_.set_where(instr.where);
  if (select_integer(instr) || select_context_or_memory(instr) || select_string(instr) ||
      select_regex(instr) || select_global(instr) || select_iteration(instr) || select_stack(instr))
    return;
  switch (instr.op) {
    case ir::Op::print:
      return select_print(instr);
    case ir::Op::request_exit:
      return select_exit_request();
    case ir::Op::tell:
      return select_tell(instr);
    case ir::Op::lock:
      return select_lock(instr);
    case ir::Op::unlock:
      return select_unlock(instr);
    case ir::Op::action:
      return select_action(instr);
    case ir::Op::jump:
      return select_jump(instr, next);
    case ir::Op::branch:
      return select_branch(instr, next);
    case ir::Op::done:
      return emit_.jump(done_);
    case ir::Op::raise:
      return select_raise(instr);
    case ir::Op::skip:
      return select_skip(instr);
    default:
      STAPD_UNREACHABLE("an operation that cannot be in a BPF handler");
  }
}

bool Selector::is_imm32(const ir::Operand& operand) {
  return operand.kind == ir::Operand::Kind::imm &&
         operand.value >= std::numeric_limits<int32_t>::min() &&
         operand.value <= std::numeric_limits<int32_t>::max();
}

Reg Selector::use(const ir::Operand& operand) {
  Reg fresh = kFirstVirtual + static_cast<Reg>(operand.value);
  if (operand.kind == ir::Operand::Kind::imm) {
    fresh = emit_.make_reg();
    emit_.move_imm(fresh, operand.value);
  } else if (plan_.memory_regs[operand.value] != FramePlan::kInRegister) {
    fresh = emit_.make_reg();
    emit_.load(Size::u64, fresh, frame_, plan_.memory_regs[operand.value]);
  }
  return fresh;
}

Reg Selector::copy_of(const ir::Operand& operand) {
  Reg fresh = emit_.make_reg();
  if (operand.kind == ir::Operand::Kind::imm)
    emit_.move_imm(fresh, operand.value);
  else
    emit_.move(fresh, use(operand));
  return fresh;
}

void Selector::set(const ir::Operand& dst, Reg value) {
  if (dst.kind == ir::Operand::Kind::none) return;
  int32_t offset = plan_.memory_regs[dst.value];
  if (offset == FramePlan::kInRegister)
    emit_.move(kFirstVirtual + static_cast<Reg>(dst.value), value);
  else
    emit_.store(Size::u64, frame_, offset, value);
}

void Selector::set_imm(const ir::Operand& dst, int64_t value) {
  if (dst.kind == ir::Operand::Kind::none) return;
  Reg fresh = emit_.make_reg();
  emit_.move_imm(fresh, value);
  set(dst, fresh);
}

Reg Selector::context_pointer() { return context_; }

void Selector::frame_address(Reg dst, int32_t offset) {
  emit_.move(dst, frame_);
  if (offset != 0) emit_.alu_imm(Alu::add, dst, offset);
}

void Selector::lookup(uint32_t map, int32_t key_offset) {
  emit_.map(R1, map);
  frame_address(R2, key_offset);
  emit_.call(kMapLookupElem, 2);
}

}  // namespace stapd::bpf
