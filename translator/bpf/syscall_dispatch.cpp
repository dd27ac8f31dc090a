#include "translator/bpf/syscall_dispatch.h"

#include <algorithm>
#include <set>

#include "translator/bpf/allocate_registers.h"
#include "translator/bpf/encode.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {
namespace {

using Family = ProbeSpec::Family;

bool returns(const ProbeSpec& probe) { return probe.family == Family::syscall_return; }

}  // namespace

bool has_many_syscalls(const ProgramImage& image) {
  CodegenFacts facts;
  facts.syscall.thread_status = 0;
  SyscallHooks hooks(image, facts);
  return hooks.any_shared();
}

SyscallHooks::SyscallHooks(const ProgramImage& image, const CodegenFacts& facts) : facts_(facts) {
  if (facts.syscall.thread_status < 0) return;
  std::set<uint32_t> asked[2];
  for (const ProbeSpec& probe : image.probes)
    if (probe.family == Family::syscall || probe.family == Family::syscall_return)
      asked[returns(probe)].insert(probe.syscall_number);
  for (int i : {0, 1}) shared_[i] = asked[i].size() >= kSharedSyscalls;
}

// The hook goes on to one program a call: a second probe of a call has a hook of its own.
ProgramContext SyscallHooks::context_of(const ProbeSpec& probe) {
  std::vector<uint32_t>& numbers = numbers_[returns(probe)];
  if (!shared_[returns(probe)] ||
      std::find(numbers.begin(), numbers.end(), probe.syscall_number) != numbers.end())
    return ProgramContext::syscall_tracepoint;
  numbers.push_back(probe.syscall_number);
  return returns(probe) ? ProgramContext::raw_syscall_return : ProgramContext::raw_syscall;
}

Status SyscallHooks::add_to(ProgramImage& image) const {
  for (bool is_return : {false, true}) {
    if (numbers_[is_return].empty()) continue;
    uint32_t most = *std::max_element(numbers_[is_return].begin(), numbers_[is_return].end());
    SyscallDispatch dispatch;
    dispatch.returns = is_return;
    dispatch.map = static_cast<uint32_t>(image.maps.size());
    image.maps.push_back({is_return ? "sys_exit" : "sys_enter", MapSpec::Type::program_array, 4, 4,
                          most + 1, false});
    STAPD_ASSIGN(ProgramSpec program, make_program(is_return, dispatch.map));
    dispatch.program = static_cast<uint32_t>(image.programs.size());
    image.programs.push_back(std::move(program));
    image.dispatches.push_back(dispatch);
  }
  return {};
}

//   if the call is of another ABI: return
//   go on to programs[number]; where there is none, return
Result<ProgramSpec> SyscallHooks::make_program(bool returns, uint32_t map) const {
  std::vector<Function> functions(1);
  Function& function = functions[0];
  function.name = returns ? "sys_exit" : "sys_enter";
  function.stack_bytes = 8;
  Emitter emit(function);
  Reg context = emit.make_reg(), number = emit.make_reg(), status = emit.make_reg();
  Label out = emit.make_label();
  emit.move(context, R1);
  if (facts_.syscall.compat_flag) {
    emit.call(kGetCurrentTaskBtf, 0);
    emit.move(status, R0);
    emit.load(Size::u32, status, status, facts_.syscall.thread_status);
    emit.jump_if_imm(Jump::set, status, static_cast<int32_t>(facts_.syscall.compat_flag), out);
  }
  if (returns) {
    Reg registers = emit.make_reg();
    emit.load(Size::u64, registers, context, 0);
    emit.alu_imm(Alu::add, registers, facts_.syscall.number);
    emit.move(R1, kFramePointer);
    emit.alu_imm(Alu::add, R1, -8);
    emit.move_imm(R2, 8);
    emit.move(R3, registers);
    emit.call(kProbeReadKernel, 3);
    emit.load(Size::u64, number, kFramePointer, -8);
  } else {
    emit.load(Size::u64, number, context, 8);
  }
  emit.move(R1, context);
  emit.map(R2, map);
  emit.move(R3, number);
  emit.call(kTailCall, 3);
  emit.label(out);
  emit.move_imm(R0, 0);
  emit.exit();
  ProgramSpec program;
  program.name = function.name;
  program.context = ProgramContext::raw_tracepoint;
  STAPD_TRY(allocate_registers(function));
  STAPD_TRY(encode(functions, program));
  return program;
}

}  // namespace stapd::bpf
