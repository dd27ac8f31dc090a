#include "translator/bpf/machine_code.h"

namespace stapd::bpf {
namespace {

void atomic_effects(const Insn& insn, Effects& effects) {
  effects.read(insn.dst);
  effects.read(insn.src);
  if (insn.imm == BPF_CMPXCHG) {
    effects.read(R0);
    effects.write(R0);
  } else if (insn.imm & BPF_FETCH) {
    effects.write(insn.src);
  }
}

void alu_effects(const Insn& insn, Effects& effects) {
  if (BPF_OP(insn.code) != BPF_MOV) effects.read(insn.dst);
  if (BPF_SRC(insn.code) == BPF_X && BPF_OP(insn.code) != BPF_NEG && BPF_OP(insn.code) != BPF_END)
    effects.read(insn.src);
  effects.write(insn.dst);
}

}  // namespace

Effects effects_of(const Insn& insn) {
  Effects effects;
  if (is_label(insn)) return effects;
  if (insn.code == kLoadImm64 || insn.code == kSubAddress) {
    effects.write(insn.dst);
    return effects;
  }
  if (is_call(insn)) {
    for (Reg reg = R1; reg <= insn.call_arguments; ++reg) effects.read(reg);
    for (Reg reg = R0; reg <= R5; ++reg) effects.write(reg);
    return effects;
  }
  if (is_exit(insn)) {
    effects.read(R0);
    return effects;
  }
  switch (BPF_CLASS(insn.code)) {
    case BPF_ALU:
    case BPF_ALU64:
      alu_effects(insn, effects);
      break;
    case BPF_LDX:
      effects.read(insn.src);
      effects.write(insn.dst);
      break;
    case BPF_ST:
      effects.read(insn.dst);
      break;
    case BPF_STX:
      if (is_atomic(insn)) {
        atomic_effects(insn, effects);
      } else {
        effects.read(insn.dst);
        effects.read(insn.src);
      }
      break;
    default:  // jumps
      if (is_always(insn)) break;
      effects.read(insn.dst);
      if (BPF_SRC(insn.code) == BPF_X) effects.read(insn.src);
  }
  return effects;
}

}  // namespace stapd::bpf
