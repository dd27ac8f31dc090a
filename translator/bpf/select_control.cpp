// Control flow, errors, MAXACTION, exit and the locks of globals.
#include <algorithm>
#include <limits>

#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

void Selector::select_jump(const ir::Instr& instr, uint32_t next) {
  uint32_t target = instr.target[0];
  if (target != next || segments_.head_segment[target] >= 0) emit_.jump(label_of(target));
}

void Selector::select_branch(const ir::Instr& instr, uint32_t next) {
  jump_on(instr, label_of(instr.target[0]));
  uint32_t otherwise = instr.target[1];
  if (otherwise != next || segments_.head_segment[otherwise] >= 0) emit_.jump(label_of(otherwise));
}

// state.run = `run`, unless it has failed already, and whoever runs the session is told.
void Selector::emit_stop(SessionState::Run run, ControlEvent::Kind kind) {
  Reg state = state_address(offsetof(SessionState, run)), now = emit_.make_reg();
  Label failed = emit_.make_label();
  emit_.load(Size::u32, now, state, 0);
  emit_.jump_if_imm(Jump::eq, now, SessionState::failed, failed);
  emit_.store_imm(Size::u32, state, 0, run);
  emit_.label(failed);
  emit_control_event(kind);
}

void Selector::emit_control_event(ControlEvent::Kind kind) {
  static_assert(sizeof(ControlEvent) <= kTransientStack);
  int32_t event = transient_stack();
  emit_.store_imm(Size::u64, kFramePointer, event, kind);
  emit_.store_imm(Size::u64, kFramePointer, event + 8, 0);
  emit_.map(R1, kControlMap);
  emit_.move(R2, kFramePointer);
  emit_.alu_imm(Alu::add, R2, event);
  emit_.move_imm(R3, sizeof(ControlEvent));
  emit_.move_imm(R4, 0);
  emit_.call(kRingbufOutput, 4);
}

// The exchange comes after everything that the handler wrote, in the eyes of whoever runs the
// session too: either we find what it told last, or it finds what we wrote.
void Selector::select_tell(const ir::Instr& instr) {
  Reg state = state_address(image_.conditions[instr.aux].state_offset);
  Reg told = emit_.make_reg(), holds = copy_of(instr.args[0]), before = copy_of(instr.args[0]);
  Label end = emit_.make_label();
  emit_.load(Size::u64, told, state, offsetof(ConditionState, told));
  emit_.jump_if_imm(Jump::eq, told, kConditionIgnored, end);
  emit_.exchange(state, offsetof(ConditionState, told), before);
  emit_.jump_if(Jump::eq, before, holds, end);
  emit_control_event(ControlEvent::condition_changed);
  emit_.label(end);
}

void Selector::select_exit_request() {
  emit_stop(SessionState::stopping, ControlEvent::exit_requested);
}

// The error record, then one more error; beyond MAXERRORS, in MAXERRORS_INTERVAL if there is one,
// the session fails.
void Selector::select_raise(const ir::Instr& instr) {
  if (!image_.limits.quiet_errors)
    emit_record(image_.formats[instr.aux], static_cast<uint16_t>(instr.aux), instr.args);
  Reg errors = state_address(offsetof(SessionState, errors));
  Reg count = emit_.make_reg();
  emit_.move_imm(count, 1);
  emit_.atomic_fetch_add(errors, 0, count);
  Label few = emit_.make_label();
  auto most = static_cast<int32_t>(image_.limits.max_errors);
  if (image_.error_times.slots)
    emit_unless_too_soon(count, few);
  else
    emit_.jump_if_imm(Jump::ult, count, most, few);
  emit_stop(SessionState::failed, ControlEvent::too_many_errors);
  emit_.label(few);
  emit_.jump(done_);
}

// Goes to `few` when the error that was max_errors before this one, number `count`, was more than
// error_window_ms ago: runtime/recorder/error_budget.h is the same.
void Selector::emit_unless_too_soon(Reg count, Label few) {
  const Limits& limits = image_.limits;
  Reg time = emit_.make_reg(), window = emit_.make_reg();
  emit_.call(kKtimeGetBootNs, 0);
  emit_.move(time, R0);
  emit_.store(Size::u64, error_time_address(count), 0, time);
  emit_.jump_if_imm(Jump::ult, count, static_cast<int32_t>(limits.max_errors), few);
  emit_.alu_imm(Alu::sub, count, static_cast<int32_t>(limits.max_errors));
  Reg before = emit_.make_reg();
  emit_.load(Size::u64, before, error_time_address(count), 0);
  emit_.alu(Alu::sub, time, before);
  emit_.move_imm(window, int64_t{limits.error_window_ms} * 1'000'000);
  emit_.jump_if(Jump::ugt, time, window, few);
}

Reg Selector::error_time_address(Reg count) {
  Reg address = state_address(image_.error_times.state_offset), at = emit_.make_reg();
  emit_.move(at, count);
  emit_.alu_imm(Alu::bit_and, at, static_cast<int32_t>(image_.error_times.slots - 1));
  emit_.alu_imm(Alu::shl, at, 3);
  emit_.alu(Alu::add, address, at);
  return address;
}

void Selector::emit_count_drop(DropCause cause) {
  Label none = emit_.make_label();
  Reg segment = segment_pointer(none);
  Reg one = emit_.make_reg();
  emit_.move_imm(one, 1);
  emit_.atomic_add(segment, offsetof(SegmentControl, dropped) + 8 * static_cast<int32_t>(cause),
                   one);
  emit_.label(none);
  bool is_skip = cause == DropCause::nested_too_deep || cause == DropCause::lock_timeout;
  if (is_skip && image_.limits.max_skipped != UINT32_MAX) emit_count_skip();
}

// The one that exceeds MAXSKIPPED ends the session.
void Selector::emit_count_skip() {
  Reg skipped = state_address(offsetof(SessionState, skipped));
  Reg count = emit_.make_reg(), most = emit_.make_reg();
  Label few = emit_.make_label();
  emit_.move_imm(count, 1);
  emit_.atomic_fetch_add(skipped, 0, count);
  emit_.move_imm(most, image_.limits.max_skipped);
  emit_.jump_if(Jump::ne, count, most, few);
  emit_stop(SessionState::failed, ControlEvent::too_many_skips);
  emit_.label(few);
}

void Selector::select_skip(const ir::Instr& instr) {
  if (instr.sub >= 0) emit_count_drop(static_cast<DropCause>(instr.sub));
  emit_.jump(done_);
}

int32_t Selector::action_limit() const {
  const Limits& limits = image_.limits;
  uint32_t limit = input_.interruptible ? limits.max_action_interruptible : limits.max_action;
  return static_cast<int32_t>(std::min<uint32_t>(limit, std::numeric_limits<int32_t>::max()));
}

// Statements are counted only where a handler can loop: `actions` is in the frame then.
void Selector::select_action(const ir::Instr& instr) {
  STAPD_CHECK(segments_.has_loops());
  Reg left = emit_.make_reg();
  Label spent = emit_.make_label(), end = emit_.make_label();
  emit_.load(Size::u64, left, frame_, offsetof(ScratchHeader, actions));
  emit_.alu_imm(Alu::sub, left, instr.sub);
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, actions), left);
  Reg status = emit_.make_reg();
  emit_.move_imm(status, 1);
  emit_.jump_if_imm(Jump::slt, left, 0, spent);
  emit_.move_imm(status, 0);
  emit_.label(spent);
  emit_.label(end);
  set(instr.dst[0], status);
}

}  // namespace stapd::bpf
