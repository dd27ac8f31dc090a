// Appends instructions to a machine function: one method an instruction form.
#pragma once

#include "translator/bpf/machine_code.h"

namespace stapd::bpf {

enum class Alu : uint8_t {
  add = BPF_ADD,
  sub = BPF_SUB,
  mul = BPF_MUL,
  div = BPF_DIV,
  bit_or = BPF_OR,
  bit_and = BPF_AND,
  shl = BPF_LSH,
  shr = BPF_RSH,
  mod = BPF_MOD,
  bit_xor = BPF_XOR,
  sar = BPF_ARSH,
};
enum class Jump : uint8_t {
  eq = BPF_JEQ,
  ugt = BPF_JGT,
  uge = BPF_JGE,
  set = BPF_JSET,
  ne = BPF_JNE,
  sgt = BPF_JSGT,
  sge = BPF_JSGE,
  ult = BPF_JLT,
  ule = BPF_JLE,
  slt = BPF_JSLT,
  sle = BPF_JSLE,
};
enum class Size : uint8_t { u8 = BPF_B, u16 = BPF_H, u32 = BPF_W, u64 = BPF_DW };
Size size_of_bytes(unsigned bytes);  // 1, 2, 4, 8

class Emitter {
 public:
  explicit Emitter(Function& function) : function_(&function) {}

  Reg make_reg() { return function_->next_virtual++; }
  Label make_label() { return function_->next_label++; }
  void set_where(uint32_t where) { where_ = where; }

  void label(Label label);
  void move(Reg dst, Reg src);
  // The shortest form that gives the 64-bit value.
  void move_imm(Reg dst, int64_t value);
  void move32(Reg dst, Reg src);  // clears the upper half
  void alu(Alu op, Reg dst, Reg src);
  void alu_imm(Alu op, Reg dst, int32_t value);
  void at_most(Reg dst, int32_t value);  // also where the value never is more: for the verifier
  void negate(Reg dst);
  void to_big_endian(Reg dst, int bits);

  void load(Size size, Reg dst, Reg base, int32_t offset);
  void store(Size size, Reg base, int32_t offset, Reg src);
  void store_imm(Size size, Reg base, int32_t offset, int32_t value);
  void atomic_add(Reg base, int32_t offset, Reg src);        // 64 bits
  void atomic_fetch_add(Reg base, int32_t offset, Reg src);  // src: the value before
  void exchange(Reg base, int32_t offset, Reg src);          // src: the value before
  void compare_exchange(Reg base, int32_t offset, Reg src);  // r0: expected, then the value before

  void jump(Label target);
  void jump_if(Jump op, Reg left, Reg right, Label target);
  void jump_if_imm(Jump op, Reg left, int32_t right, Label target);

  void call(uint32_t helper, int arguments);
  void call_subprogram(uint32_t index, int arguments);
  void subprogram_address(Reg dst, uint32_t index);
  void exit();

  void map(Reg dst, uint32_t map);
  void map_value(Reg dst, uint32_t map, uint32_t offset);
  // `and dst, imm` and `mov dst, imm` whose value the loader puts in.
  void and_relocated(Reg dst, Relocation::Kind kind);
  void move_relocated(Reg dst, Relocation::Kind kind);

 private:
  Insn& append(uint8_t code, Reg dst, Reg src, int32_t offset, int64_t imm);

  Function* function_;
  uint32_t where_ = 0;
};

}  // namespace stapd::bpf
