#include "translator/bpf/emitter.h"

#include <limits>

#include "runtime/base/check.h"

namespace stapd::bpf {
namespace {

bool fits_s32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

uint8_t code_of(Size size) { return static_cast<uint8_t>(size); }

}  // namespace

Size size_of_bytes(unsigned bytes) {
  switch (bytes) {
    case 1:
      return Size::u8;
    case 2:
      return Size::u16;
    case 4:
      return Size::u32;
    default:
      STAPD_CHECK(bytes == 8);
      return Size::u64;
  }
}

Insn& Emitter::append(uint8_t code, Reg dst, Reg src, int32_t offset, int64_t imm) {
  STAPD_CHECK(offset >= std::numeric_limits<int16_t>::min() &&
              offset <= std::numeric_limits<int16_t>::max());
  Insn insn;
  insn.code = code;
  insn.dst = dst;
  insn.src = src;
  insn.off = static_cast<int16_t>(offset);
  insn.imm = imm;
  insn.where = where_;
  function_->code.push_back(insn);
  return function_->code.back();
}

void Emitter::label(Label label) { append(kLabelCode, 0, 0, 0, 0).label = label; }

void Emitter::move(Reg dst, Reg src) {
  if (dst != src) append(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void Emitter::move_imm(Reg dst, int64_t value) {
  if (fits_s32(value))
    append(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
  else if (value >= 0 && value <= std::numeric_limits<uint32_t>::max())
    append(BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, static_cast<int32_t>(value));
  else
    append(kLoadImm64, dst, 0, 0, value);
}

void Emitter::move32(Reg dst, Reg src) { append(BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0); }

void Emitter::alu(Alu op, Reg dst, Reg src) {
  append(BPF_ALU64 | static_cast<uint8_t>(op) | BPF_X, dst, src, 0, 0);
}

void Emitter::alu_imm(Alu op, Reg dst, int32_t value) {
  append(BPF_ALU64 | static_cast<uint8_t>(op) | BPF_K, dst, 0, 0, value);
}

void Emitter::at_most(Reg dst, int32_t value) { append(kAtMost, dst, 0, 0, value); }

void Emitter::negate(Reg dst) { append(BPF_ALU64 | BPF_NEG, dst, 0, 0, 0); }

void Emitter::to_big_endian(Reg dst, int bits) {
  append(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
}

void Emitter::load(Size size, Reg dst, Reg base, int32_t offset) {
  append(BPF_LDX | BPF_MEM | code_of(size), dst, base, offset, 0);
}

void Emitter::store(Size size, Reg base, int32_t offset, Reg src) {
  append(BPF_STX | BPF_MEM | code_of(size), base, src, offset, 0);
}

void Emitter::store_imm(Size size, Reg base, int32_t offset, int32_t value) {
  append(BPF_ST | BPF_MEM | code_of(size), base, 0, offset, value);
}

void Emitter::atomic_add(Reg base, int32_t offset, Reg src) {
  append(BPF_STX | BPF_ATOMIC | BPF_DW, base, src, offset, BPF_ADD);
}

void Emitter::atomic_fetch_add(Reg base, int32_t offset, Reg src) {
  append(BPF_STX | BPF_ATOMIC | BPF_DW, base, src, offset, BPF_ADD | BPF_FETCH);
}

void Emitter::exchange(Reg base, int32_t offset, Reg src) {
  append(BPF_STX | BPF_ATOMIC | BPF_DW, base, src, offset, BPF_XCHG);
}

void Emitter::compare_exchange(Reg base, int32_t offset, Reg src) {
  append(BPF_STX | BPF_ATOMIC | BPF_DW, base, src, offset, BPF_CMPXCHG);
}

void Emitter::jump(Label target) { append(BPF_JMP | BPF_JA, 0, 0, 0, 0).label = target; }

void Emitter::jump_if(Jump op, Reg left, Reg right, Label target) {
  append(BPF_JMP | static_cast<uint8_t>(op) | BPF_X, left, right, 0, 0).label = target;
}

void Emitter::jump_if_imm(Jump op, Reg left, int32_t right, Label target) {
  append(BPF_JMP | static_cast<uint8_t>(op) | BPF_K, left, 0, 0, right).label = target;
}

void Emitter::call(uint32_t helper, int arguments) {
  append(BPF_JMP | BPF_CALL, 0, 0, 0, helper).call_arguments = static_cast<uint8_t>(arguments);
}

void Emitter::call_subprogram(uint32_t index, int arguments) {
  Insn& insn = append(BPF_JMP | BPF_CALL, 0, 0, 0, index);
  insn.call_arguments = static_cast<uint8_t>(arguments);
  insn.call_subprogram = true;
}

void Emitter::subprogram_address(Reg dst, uint32_t index) { append(kSubAddress, dst, 0, 0, index); }

void Emitter::exit() { append(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

void Emitter::map(Reg dst, uint32_t map) {
  append(kLoadImm64, dst, 0, 0, 0).relocation = Relocation{Relocation::Kind::map, 0, map, 0};
}

void Emitter::map_value(Reg dst, uint32_t map, uint32_t offset) {
  append(kLoadImm64, dst, 0, 0, 0).relocation =
      Relocation{Relocation::Kind::map_value, 0, map, offset};
}

void Emitter::and_relocated(Reg dst, Relocation::Kind kind) {
  append(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, 0).relocation = Relocation{kind, 0, 0, 0};
}

void Emitter::move_relocated(Reg dst, Relocation::Kind kind) {
  append(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, 0).relocation = Relocation{kind, 0, 0, 0};
}

}  // namespace stapd::bpf
