// Recursive functions: their callers' variables on an explicit stack at the end of the frame. A
// frame of it is the variables, then kStackFrameEnd bytes that say how to go back.
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;
using ir::Operand;

bool Selector::select_stack(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::nesting: {
      Reg depth = emit_.make_reg(), exceeded = emit_.make_reg();
      Label end = emit_.make_label();
      emit_.load(Size::u64, depth, frame_, offsetof(ScratchHeader, depth));
      emit_.alu_imm(Alu::add, depth, static_cast<int32_t>(instr.aux));
      emit_.move_imm(exceeded, 1);
      emit_.jump_if_imm(Jump::uge, depth, static_cast<int32_t>(image_.limits.max_nesting), end);
      emit_.move_imm(exceeded, 0);
      emit_.label(end);
      set(instr.dst[0], exceeded);
      return true;
    }
    case Op::stack_push:
      select_push(instr);
      return true;
    case Op::stack_pop:
      select_pop(instr);
      return true;
    case Op::stack_top:
      select_top(instr);
      return true;
    case Op::stack_unwind:
      select_unwind(instr);
      return true;
    default:
      return false;
  }
}

// The stack's bytes at `top`, with `room` bytes behind them. MAXNESTING was checked, so there is
// room; the verifier wants to see it.
Reg Selector::stack_pointer(Reg top, uint32_t room) {
  Reg pointer = emit_.make_reg();
  int32_t most = static_cast<int32_t>(plan_.stack_size - room);
  emit_.at_most(top, most);
  emit_.move(pointer, frame_);
  emit_.alu(Alu::add, pointer, top);
  emit_.alu_imm(Alu::add, pointer, static_cast<int32_t>(plan_.stack_area));
  return pointer;
}

void Selector::select_push(const ir::Instr& instr) {
  uint32_t size = stack_frame_size(instr.args, plan_);
  Reg top = emit_.make_reg(), depth = emit_.make_reg();
  emit_.load(Size::u64, depth, frame_, offsetof(ScratchHeader, depth));
  emit_.alu_imm(Alu::add, depth, instr.sub);
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, depth), depth);
  emit_.load(Size::u64, top, frame_, offsetof(ScratchHeader, top));
  Reg pointer = stack_pointer(top, size);
  emit_.alu_imm(Alu::add, top, static_cast<int32_t>(size));
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, top), top);
  int32_t at = 0;
  for (const Operand& variable : instr.args) {
    if (variable.kind == Operand::Kind::slot) {
      const SlotPlace& slot = place_of(variable);
      copy_block(pointer, at, frame_, slot.offset, slot_bytes(slot));
      at += static_cast<int32_t>(slot_bytes(slot));
    } else {
      emit_.store(Size::u64, pointer, at, use(variable));
      at += 8;
    }
  }
  emit_.store_imm(Size::u32, pointer, at, static_cast<int32_t>(instr.aux));
  emit_.store_imm(Size::u32, pointer, at + 4, instr.sub);
  emit_.store_imm(Size::u64, pointer, at + 8, static_cast<int32_t>(size));
}

void Selector::select_pop(const ir::Instr& instr) {
  uint32_t size = stack_frame_size(instr.dst, plan_);
  Reg top = emit_.make_reg(), depth = emit_.make_reg();
  emit_.load(Size::u64, depth, frame_, offsetof(ScratchHeader, depth));
  emit_.alu_imm(Alu::sub, depth, instr.sub);
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, depth), depth);
  emit_.load(Size::u64, top, frame_, offsetof(ScratchHeader, top));
  emit_.alu_imm(Alu::sub, top, static_cast<int32_t>(size));
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, top), top);
  Reg pointer = stack_pointer(top, size);
  int32_t at = 0;
  for (const Operand& variable : instr.dst) {
    if (variable.kind == Operand::Kind::slot) {
      const SlotPlace& slot = place_of(variable);
      copy_block(frame_, slot.offset, pointer, at, slot_bytes(slot));
      at += static_cast<int32_t>(slot_bytes(slot));
    } else {
      load_word(variable, pointer, at);
      at += 8;
    }
  }
}

void Selector::select_top(const ir::Instr& instr) {
  Reg top = emit_.make_reg(), where = emit_.make_reg();
  emit_.load(Size::u64, top, frame_, offsetof(ScratchHeader, top));
  emit_.alu_imm(Alu::sub, top, kStackFrameEnd);
  Reg pointer = stack_pointer(top, kStackFrameEnd);
  emit_.load(Size::u16, where, pointer, 0);
  set(instr.dst[0], where);
}

//   while (top) { if (the newest frame takes errors) return where to; drop it }  return 0
void Selector::select_unwind(const ir::Instr& instr) {
  Reg top = emit_.make_reg(), depth = emit_.make_reg(), where = emit_.make_reg(),
      size = emit_.make_reg(), rounds = emit_.make_reg(), end_of_frame = emit_.make_reg();
  Label loop = emit_.make_label(), out = emit_.make_label();
  emit_.move_imm(rounds, static_cast<int64_t>(image_.limits.max_nesting) + 1);
  emit_.label(loop);
  emit_.move_imm(where, 0);
  emit_.load(Size::u64, top, frame_, offsetof(ScratchHeader, top));
  emit_.jump_if_imm(Jump::eq, top, 0, out);
  emit_.jump_if_imm(Jump::eq, rounds, 0, out);
  emit_.alu_imm(Alu::sub, rounds, 1);
  emit_.move(end_of_frame, top);
  emit_.alu_imm(Alu::sub, end_of_frame, kStackFrameEnd);
  Reg pointer = stack_pointer(end_of_frame, kStackFrameEnd);
  emit_.load(Size::u16, where, pointer, 2);
  emit_.jump_if_imm(Jump::ne, where, 0, out);
  emit_.load(Size::u64, size, pointer, 8);
  emit_.alu(Alu::sub, top, size);
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, top), top);
  emit_.load(Size::u64, depth, frame_, offsetof(ScratchHeader, depth));
  emit_.load(Size::u32, size, pointer, 4);
  emit_.alu(Alu::sub, depth, size);
  emit_.store(Size::u64, frame_, offsetof(ScratchHeader, depth), depth);
  emit_.jump(loop);
  emit_.label(out);
  set(instr.dst[0], where);
}

}  // namespace stapd::bpf
