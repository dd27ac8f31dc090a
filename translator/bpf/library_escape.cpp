// append_escaped and escaped_length: the text of a string, as printf's %#s makes it: every byte
// that is not printable as its letter (\n) or three octal digits (\001).
#include "runtime/image/map_layout.h"
#include "translator/bpf/library.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {
namespace {

// The letters of bytes 7 to 13, a byte each.
constexpr int64_t kLetters = 'a' | 'b' << 8 | 't' << 16 | int64_t{'n'} << 24 | int64_t{'v'} << 32 |
                             int64_t{'f'} << 40 | int64_t{'r'} << 48;

// What a round of the loop gets: the call's frame, from its lowest address.
enum CallOffset : int32_t { kCount = 0, kCapacity = 8, kSize = 16, kSource = 24, kSlot = 32 };
constexpr int32_t kCallBytes = 40;

// Loads the byte that round R1 is about, of the call R2; jumps to `out` at or behind the end.
struct Round {
  Reg call, byte;
};
Round start_round(Emitter& emit, int32_t longest, Label out) {
  Round round = {emit.make_reg(), emit.make_reg()};
  Reg at = emit.make_reg(), index = emit.make_reg(), size = emit.make_reg();
  emit.move(index, R1);
  emit.move(round.call, R2);
  emit.load(Size::u64, size, round.call, kSize);
  emit.jump_if(Jump::uge, index, size, out);
  emit.at_most(index, longest);
  emit.load(Size::u64, at, round.call, kSource);
  emit.alu(Alu::add, at, index);
  emit.load(Size::u8, round.byte, at, 0);
  return round;
}

// Jumps by what kind of byte it is; falls through when it takes octal digits.
void choose(Emitter& emit, Reg byte, Label plain, Label letter) {
  Label octal = emit.make_label(), low = emit.make_label();
  emit.jump_if_imm(Jump::ult, byte, ' ', low);
  emit.jump_if_imm(Jump::ule, byte, '~', plain);
  emit.jump(octal);
  emit.label(low);
  emit.jump_if_imm(Jump::ult, byte, '\a', octal);
  emit.jump_if_imm(Jump::ule, byte, '\r', letter);
  emit.label(octal);
}

// word |= '0' + (byte >> shift & 7), as character number `at`.
void put_octal_digit(Emitter& emit, Reg word, Reg byte, int shift, int at) {
  Reg digit = emit.make_reg();
  emit.move(digit, byte);
  emit.alu_imm(Alu::shr, digit, shift);
  emit.alu_imm(Alu::bit_and, digit, 7);
  emit.alu_imm(Alu::add, digit, '0');
  emit.alu_imm(Alu::shl, digit, 8 * at);
  emit.alu(Alu::bit_or, word, digit);
}

void call_rounds(Emitter& emit, uint32_t round, Reg size) {
  emit.move(R1, size);
  emit.subprogram_address(R2, round);
  emit.move(R3, kFramePointer);
  emit.alu_imm(Alu::add, R3, -kCallBytes);
  emit.move_imm(R4, 0);
  emit.call(kLoop, 4);
}

}  // namespace

void Library::make_append_escaped(Function& function) {
  uint32_t round = index_of(LibraryFunction::append_escaped_round);
  function.name = "append_escaped";
  function.stack_bytes = kCallBytes;
  Emitter emit(function);
  Reg size = emit.make_reg();
  emit.store(Size::u64, kFramePointer, kSlot - kCallBytes, R1);
  emit.store(Size::u64, kFramePointer, kSource - kCallBytes, R2);
  emit.store(Size::u64, kFramePointer, kSize - kCallBytes, R3);
  emit.store(Size::u64, kFramePointer, kCapacity - kCallBytes, R4);
  emit.move(size, R3);
  call_rounds(emit, round, size);
  emit.move_imm(R0, 0);
  emit.exit();
}

// The characters of one byte are a word of at most four, cut to the room that is left.
void Library::make_append_escaped_round(Function& function) {
  function.name = "append_escaped_round";
  Emitter emit(function);
  Reg word = emit.make_reg(), count = emit.make_reg(), slot = emit.make_reg();
  Reg length = emit.make_reg(), room = emit.make_reg(), mask = emit.make_reg();
  Label out = emit.make_label(), plain = emit.make_label(), letter = emit.make_label(),
        append = emit.make_label(), fits = emit.make_label();
  auto [call, byte] = start_round(emit, longest_, out);
  choose(emit, byte, plain, letter);
  emit.move_imm(word, '\\');
  put_octal_digit(emit, word, byte, 6, 1);
  put_octal_digit(emit, word, byte, 3, 2);
  put_octal_digit(emit, word, byte, 0, 3);
  emit.move_imm(count, 4);
  emit.jump(append);
  emit.label(letter);
  emit.alu_imm(Alu::sub, byte, '\a');
  emit.alu_imm(Alu::shl, byte, 3);
  emit.move_imm(word, kLetters);
  emit.alu(Alu::shr, word, byte);
  emit.alu_imm(Alu::bit_and, word, 0xff);
  emit.alu_imm(Alu::shl, word, 8);
  emit.alu_imm(Alu::bit_or, word, '\\');
  emit.move_imm(count, 2);
  emit.jump(append);
  emit.label(plain);
  emit.move(word, byte);
  emit.move_imm(count, 1);

  emit.label(append);
  emit.load(Size::u64, slot, call, kSlot);
  emit.load(Size::u64, room, call, kCapacity);
  emit.load(Size::u64, length, slot, 0);
  emit.alu_imm(Alu::sub, room, 1);
  emit.jump_if(Jump::uge, length, room, out);
  emit.alu(Alu::sub, room, length);
  emit.jump_if(Jump::ule, count, room, fits);
  emit.move(count, room);
  emit.move_imm(mask, 1);
  emit.alu_imm(Alu::shl, room, 3);
  emit.alu(Alu::shl, mask, room);
  emit.alu_imm(Alu::sub, mask, 1);
  emit.alu(Alu::bit_and, word, mask);
  emit.label(fits);
  emit.at_most(length, longest_);
  emit.at_most(count, 4);
  Reg at = emit.make_reg();
  emit.move(at, slot);
  emit.alu(Alu::add, at, length);
  emit.store(Size::u64, at, 8, word);
  emit.alu(Alu::add, at, count);
  emit.store_imm(Size::u64, at, 8, 0);
  emit.alu(Alu::add, length, count);
  emit.store(Size::u64, slot, 0, length);
  emit.move_imm(R0, 0);
  emit.exit();
  emit.label(out);
  emit.move_imm(R0, 1);
  emit.exit();
}

void Library::make_escaped_length(Function& function) {
  uint32_t round = index_of(LibraryFunction::escaped_length_round);
  function.name = "escaped_length";
  function.stack_bytes = kCallBytes;
  Emitter emit(function);
  Reg size = emit.make_reg(), count = emit.make_reg();
  emit.store(Size::u64, kFramePointer, kSource - kCallBytes, R1);
  emit.store(Size::u64, kFramePointer, kSize - kCallBytes, R2);
  emit.store_imm(Size::u64, kFramePointer, kCount - kCallBytes, 0);
  emit.move(size, R2);
  call_rounds(emit, round, size);
  emit.load(Size::u64, count, kFramePointer, kCount - kCallBytes);
  emit.move(R0, count);
  emit.exit();
}

void Library::make_escaped_length_round(Function& function) {
  function.name = "escaped_length_round";
  Emitter emit(function);
  Reg more = emit.make_reg();
  Label out = emit.make_label(), plain = emit.make_label(), letter = emit.make_label(),
        add = emit.make_label();
  auto [call, byte] = start_round(emit, longest_, out);
  choose(emit, byte, plain, letter);
  emit.move_imm(more, 4);
  emit.jump(add);
  emit.label(letter);
  emit.move_imm(more, 2);
  emit.jump(add);
  emit.label(plain);
  emit.move_imm(more, 1);
  emit.label(add);
  // By an atomic operation, whose result the verifier does not follow: it would try every sum.
  emit.atomic_add(call, kCount, more);
  emit.move_imm(R0, 0);
  emit.exit();
  emit.label(out);
  emit.move_imm(R0, 1);
  emit.exit();
}

}  // namespace stapd::bpf
