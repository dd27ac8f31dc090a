// What a handler asks of the place it was hit at, and reads of memory.
#include <cstdlib>

#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::ContextValue;
using ir::Op;

bool Selector::select_context_or_memory(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::context:
      select_context(instr);
      return true;
    case Op::context_string:
      select_execname(instr);
      return true;
    case Op::argument:
      select_argument(instr);
      return true;
    case Op::reg: {
      Reg value = emit_.make_reg();
      emit_.load(Size::u64, value, context_pointer(), static_cast<int32_t>(instr.aux));
      set(instr.dst[0], value);
      return true;
    }
    case Op::user_reg:
      set(instr.dst[0], load_user_register(static_cast<int32_t>(instr.aux)));
      return true;
    case Op::load:
      select_load(instr);
      return true;
    case Op::load_string:
      select_load_string(instr);
      return true;
    case Op::load_bytes:
      select_load_bytes(instr);
      return true;
    default:
      return false;
  }
}

void Selector::select_context(const ir::Instr& instr) {
  Reg value = emit_.make_reg();
  auto call = [&](uint32_t helper) {
    emit_.call(helper, 0);
    emit_.move(value, R0);
  };
  switch (static_cast<ContextValue>(instr.sub)) {
    case ContextValue::pid:
      call(kGetCurrentPidTgid);
      emit_.alu_imm(Alu::shr, value, 32);
      break;
    case ContextValue::tid:
      call(kGetCurrentPidTgid);
      emit_.move32(value, value);
      break;
    case ContextValue::uid:
      call(kGetCurrentUidGid);
      emit_.move32(value, value);
      break;
    case ContextValue::gid:
      call(kGetCurrentUidGid);
      emit_.alu_imm(Alu::shr, value, 32);
      break;
    case ContextValue::cpu:
      call(kGetSmpProcessorId);
      break;
    case ContextValue::task:
      call(kGetCurrentTask);
      break;
    case ContextValue::mono_ns:
    case ContextValue::cycles:
      call(kKtimeGetNs);
      break;
    case ContextValue::real_ns: {
      call(kKtimeGetBootNs);
      Reg offset = state_address(offsetof(SessionState, real_offset));
      emit_.load(Size::u64, offset, offset, 0);
      emit_.alu(Alu::add, value, offset);
      break;
    }
    case ContextValue::jiffies:
      call(kJiffies64);
      break;
    case ContextValue::random:
      call(kGetPrandomU32);
      break;
    case ContextValue::target: {
      Reg state = state_address(offsetof(SessionState, target));
      emit_.load(Size::u32, value, state, 0);
      break;
    }
    case ContextValue::user_mode:
      select_user_mode(value);
      break;
  }
  set(instr.dst[0], value);
}

// Of a hook with registers: the privilege bits of the code segment. Others run in the kernel.
void Selector::select_user_mode(Reg value) {
  bool has_registers = input_.context != ProgramContext::raw_tracepoint &&
                       input_.context != ProgramContext::syscall_tracepoint &&
                       input_.context != ProgramContext::raw_syscall &&
                       input_.context != ProgramContext::raw_syscall_return;
  if (!has_registers || input_.facts.code_segment_register < 0) {
    emit_.move_imm(value, 0);
    return;
  }
  Label kernel = emit_.make_label();
  emit_.load(Size::u64, value, context_pointer(), input_.facts.code_segment_register);
  emit_.alu_imm(Alu::bit_and, value, 3);
  emit_.jump_if_imm(Jump::eq, value, 0, kernel);
  emit_.move_imm(value, 1);
  emit_.label(kernel);
}

// Two loads from the task where the kernel gives a typed pointer to it: a quarter of the helper's
// cost. The name is zero padded in the task (since 5.17, as bpf_loop).
void Selector::select_execname(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  STAPD_CHECK(to.is_short && to.capacity == 16);
  if (input_.facts.current_task_btf && input_.facts.task_comm_offset >= 0) {
    emit_.call(kGetCurrentTaskBtf, 0);
    Reg task = emit_.make_reg();
    emit_.move(task, R0);
    copy_words(frame_, to.offset, task, input_.facts.task_comm_offset, 16);
    return;
  }
  frame_address(R1, to.offset);
  emit_.move_imm(R2, 16);
  emit_.call(kGetCurrentComm, 2);
}

void Selector::select_argument(const ir::Instr& instr) {
  Reg value = emit_.make_reg();
  int32_t index = static_cast<int32_t>(instr.aux);
  int32_t offset = 0;
  switch (input_.context) {
    case ProgramContext::raw_tracepoint:
      offset = 8 * index;
      break;
    // struct trace_entry and the number come first; the return value is the one argument at exit.
    case ProgramContext::syscall_tracepoint:
      offset = 16 + 8 * index;
      break;
    case ProgramContext::user_registers:
    case ProgramContext::user_registers_multi:
    case ProgramContext::kernel_registers:
      STAPD_CHECK(static_cast<size_t>(index) < input_.facts.argument_registers.size());
      offset = input_.facts.argument_registers[index];
      break;
    case ProgramContext::raw_syscall:
      STAPD_CHECK(instr.aux < input_.facts.syscall.arguments.size());
      return set(instr.dst[0], load_user_register(input_.facts.syscall.arguments[index]));
    case ProgramContext::raw_syscall_return:
      STAPD_CHECK(index == 0);
      offset = 8;
      break;
    case ProgramContext::perf_event:
      STAPD_UNREACHABLE("a perf event has no arguments");
  }
  emit_.load(Size::u64, value, context_pointer(), offset);
  set(instr.dst[0], value);
}

// The kernel gives a typed pointer, so that this is a plain load.
Reg Selector::load_user_register(int32_t offset) {
  Reg value = emit_.make_reg();
  emit_.call(kGetCurrentTaskBtf, 0);
  emit_.move(R1, R0);
  emit_.call(kTaskPtRegs, 1);
  emit_.load(Size::u64, value, R0, offset);
  return value;
}

void Selector::select_load(const ir::Instr& instr) {
  bool user = instr.aux == static_cast<uint32_t>(ir::Space::user);
  unsigned bytes = static_cast<unsigned>(std::abs(instr.sub));
  Reg address = use(instr.args[0]), status = emit_.make_reg(), value = emit_.make_reg();
  frame_address(R1, plan_.temp);
  emit_.move_imm(R2, bytes);
  emit_.move(R3, address);
  emit_.call(user ? kProbeReadUser : kProbeReadKernel, 3);
  emit_.move(status, R0);
  emit_.load(size_of_bytes(bytes), value, frame_, plan_.temp);
  if (instr.sub < 0 && bytes < 8) {
    emit_.alu_imm(Alu::shl, value, 64 - 8 * bytes);
    emit_.alu_imm(Alu::sar, value, 64 - 8 * bytes);
  }
  set(instr.dst[0], value);
  set(instr.dst[1], status);
}

// The helper returns the length with the final 0, or an error; it never faults a page in.
void Selector::select_load_string(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  bool user = instr.aux == static_cast<uint32_t>(ir::Space::user);
  Reg address = use(instr.args[0]), most = copy_of(instr.args[1]);
  Reg length = emit_.make_reg(), status = emit_.make_reg(), at = emit_.make_reg();
  Label some = emit_.make_label(), read = emit_.make_label(), end = emit_.make_label();
  start_empty(to);
  emit_.move_imm(status, 1);
  emit_.jump_if_imm(Jump::sgt, most, 0, some);
  emit_.move_imm(most, 1);
  emit_.label(some);
  emit_.at_most(most, static_cast<int32_t>(to.capacity));
  frame_address(R1, to.offset + 8);
  emit_.move(R2, most);
  emit_.move(R3, address);
  emit_.call(user ? kProbeReadUserStr : kProbeReadKernelStr, 3);
  emit_.jump_if_imm(Jump::sgt, R0, 0, read);
  emit_.jump(end);
  emit_.label(read);
  emit_.move(length, R0);
  emit_.alu_imm(Alu::sub, length, 1);
  emit_.move_imm(status, 0);
  emit_.at_most(length, static_cast<int32_t>(to.capacity - 1));
  emit_.store(Size::u64, frame_, to.offset, length);
  frame_address(at, to.offset + 8);
  emit_.alu(Alu::add, at, length);
  emit_.store_imm(Size::u64, at, 0, 0);
  emit_.label(end);
  set(instr.dst[1], status);
}

void Selector::select_load_bytes(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  bool user = instr.aux == static_cast<uint32_t>(ir::Space::user);
  Reg address = use(instr.args[0]), count = copy_of(instr.args[1]);
  Reg status = emit_.make_reg(), at = emit_.make_reg();
  Label some = emit_.make_label(), end = emit_.make_label();
  emit_.jump_if_imm(Jump::sge, count, 0, some);
  emit_.move_imm(count, 0);
  emit_.label(some);
  emit_.at_most(count, static_cast<int32_t>(to.capacity - 1));
  start_empty(to);
  frame_address(R1, to.offset + 8);
  emit_.move(R2, count);
  emit_.move(R3, address);
  emit_.call(user ? kProbeReadUser : kProbeReadKernel, 3);
  emit_.move(status, R0);
  emit_.jump_if_imm(Jump::ne, status, 0, end);
  emit_.store(Size::u64, frame_, to.offset, count);
  frame_address(at, to.offset + 8);
  emit_.alu(Alu::add, at, count);
  emit_.store_imm(Size::u64, at, 0, 0);
  emit_.label(end);
  set(instr.dst[1], status);
}

}  // namespace stapd::bpf
