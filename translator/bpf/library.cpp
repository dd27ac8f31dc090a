#include "translator/bpf/library.h"

#include "runtime/image/map_layout.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

uint32_t Library::index_of(LibraryFunction which) {
  if (auto it = made_.find(which); it != made_.end()) return it->second;
  uint32_t index = static_cast<uint32_t>(functions_.size());
  made_[which] = index;
  functions_.emplace_back();
  Function& function = functions_.back();
  switch (which) {
    case LibraryFunction::append_bytes:
      make_append_bytes(function);
      break;
    case LibraryFunction::append_number:
      make_append_number(function);
      break;
    case LibraryFunction::append_escaped:
      make_append_escaped(function);
      break;
    case LibraryFunction::append_escaped_round:
      make_append_escaped_round(function);
      break;
    case LibraryFunction::escaped_length:
      make_escaped_length(function);
      break;
    case LibraryFunction::escaped_length_round:
      make_escaped_length_round(function);
      break;
    case LibraryFunction::compare_words:
      make_compare_words(function);
      break;
    case LibraryFunction::compare_words_round:
      make_compare_words_round(function);
      break;
    case LibraryFunction::wait_for_lock:
      make_wait_for_lock(function);
      break;
    case LibraryFunction::wait_for_lock_round:
      make_wait_for_lock_round(function);
      break;
  }
  return index;
}

//   length = *slot;  if (length >= capacity) return
//   room = capacity - 1 - length;  if (size > room) size = room
//   copy to slot + 8 + length;  8 zero bytes behind it;  *slot = length + size
void Library::make_append_bytes(Function& function) {
  function.name = "append_bytes";
  Emitter emit(function);
  Reg slot = emit.make_reg(), source = emit.make_reg(), size = emit.make_reg();
  Reg length = emit.make_reg(), room = emit.make_reg(), to = emit.make_reg();
  Label out = emit.make_label(), fits = emit.make_label(), bounded = emit.make_label();
  emit.move(slot, R1);
  emit.move(source, R2);
  emit.move(size, R3);
  emit.move(room, R4);
  emit.load(Size::u64, length, slot, 0);
  emit.jump_if(Jump::uge, length, room, out);
  emit.alu_imm(Alu::sub, room, 1);
  emit.alu(Alu::sub, room, length);
  emit.jump_if(Jump::ule, size, room, fits);
  emit.move(size, room);
  emit.label(fits);
  emit.at_most(size, longest_);
  emit.move(to, slot);
  emit.alu(Alu::add, to, length);
  emit.alu_imm(Alu::add, to, 8);
  emit.move(R1, to);
  emit.move(R2, size);
  emit.move(R3, source);
  emit.label(bounded);
  emit.call(kProbeReadKernel, 3);
  emit.alu(Alu::add, length, size);
  emit.alu(Alu::add, to, size);
  emit.store_imm(Size::u64, to, 0, 0);
  emit.store(Size::u64, slot, 0, length);
  emit.label(out);
  emit.move_imm(R0, 0);
  emit.exit();
}

// As strcmp on zero-padded words: the first pair that differs decides. By bpf_loop, so that the
// verifier sees one round and not every length.
void Library::make_compare_words(Function& function) {
  uint32_t round = index_of(LibraryFunction::compare_words_round);
  function.name = "compare_words";
  function.stack_bytes = 32;  // result, last word, both addresses
  Emitter emit(function);
  Reg result = emit.make_reg(), rounds = emit.make_reg();
  emit.store(Size::u64, kFramePointer, -8, R1);
  emit.store(Size::u64, kFramePointer, -16, R2);
  emit.store(Size::u64, kFramePointer, -24, R3);
  emit.store_imm(Size::u64, kFramePointer, -32, 0);
  emit.move(rounds, R3);
  emit.alu_imm(Alu::add, rounds, 1);
  emit.move(R1, rounds);
  emit.subprogram_address(R2, round);
  emit.move(R3, kFramePointer);
  emit.alu_imm(Alu::add, R3, -32);
  emit.move_imm(R4, 0);
  emit.call(kLoop, 4);
  emit.load(Size::u64, result, kFramePointer, -32);
  emit.move(R0, result);
  emit.exit();
}

// callback(r1 = word, r2 = &{result, last word, address, address})
void Library::make_compare_words_round(Function& function) {
  function.name = "compare_words_round";
  Emitter emit(function);
  Reg call = emit.make_reg(), word = emit.make_reg(), last = emit.make_reg(), a = emit.make_reg(),
      b = emit.make_reg();
  Label differ = emit.make_label(), less = emit.make_label(), out = emit.make_label();
  emit.move(word, R1);
  emit.move(call, R2);
  emit.load(Size::u64, last, call, 8);
  emit.jump_if(Jump::ugt, word, last, out);
  emit.at_most(word, (longest_ - 1) / 8);
  emit.alu_imm(Alu::shl, word, 3);
  emit.load(Size::u64, a, call, 24);
  emit.alu(Alu::add, a, word);
  emit.load(Size::u64, a, a, 0);
  emit.load(Size::u64, b, call, 16);
  emit.alu(Alu::add, b, word);
  emit.load(Size::u64, b, b, 0);
  emit.jump_if(Jump::ne, a, b, differ);
  emit.move_imm(R0, 0);
  emit.exit();
  // As big-endian numbers, the earlier byte weighs more.
  emit.label(differ);
  emit.to_big_endian(a, 64);
  emit.to_big_endian(b, 64);
  emit.jump_if(Jump::ult, a, b, less);
  emit.store_imm(Size::u64, call, 0, 1);
  emit.jump(out);
  emit.label(less);
  emit.store_imm(Size::u64, call, 0, -1);
  emit.label(out);
  emit.move_imm(R0, 1);
  emit.exit();
}

void Library::make_wait_for_lock(Function& function) {
  uint32_t round = index_of(LibraryFunction::wait_for_lock_round);
  function.name = "wait_for_lock";
  function.stack_bytes = 24;  // lock word's address, owner, result
  Emitter emit(function);
  Reg status = emit.make_reg();
  emit.store(Size::u64, kFramePointer, -8, R1);
  emit.store(Size::u64, kFramePointer, -16, R2);
  emit.store_imm(Size::u64, kFramePointer, -24, 1);
  emit.move_imm(R1, lock_rounds_);
  emit.subprogram_address(R2, round);
  emit.move(R3, kFramePointer);
  emit.alu_imm(Alu::add, R3, -24);
  emit.move_imm(R4, 0);
  emit.call(kLoop, 4);
  emit.load(Size::u64, status, kFramePointer, -24);
  emit.move(R0, status);
  emit.exit();
}

// callback(r1 = round, r2 = &{result, owner, lock word's address})
void Library::make_wait_for_lock_round(Function& function) {
  function.name = "wait_for_lock_round";
  Emitter emit(function);
  Reg call = emit.make_reg(), lock = emit.make_reg(), owner = emit.make_reg();
  Label busy = emit.make_label();
  emit.move(call, R2);
  emit.load(Size::u64, lock, call, 16);
  emit.load(Size::u64, owner, call, 8);
  emit.move_imm(R0, 0);
  emit.compare_exchange(lock, 0, owner);
  emit.jump_if_imm(Jump::ne, R0, 0, busy);
  emit.store_imm(Size::u64, call, 0, 0);
  emit.move_imm(R0, 1);
  emit.exit();
  emit.label(busy);
  emit.move_imm(R0, 0);
  emit.exit();
}

}  // namespace stapd::bpf
