// append_number: the text of a number, as printf's %d %u %o %x make it.
#include <initializer_list>

#include "runtime/image/map_layout.h"
#include "translator/bpf/library.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {
namespace {

// Octal needs 22 digits; three words hold 24.
constexpr int kMaxDigits = 22;

class NumberWriter {
 public:
  NumberWriter(Function& function, uint32_t append, uint32_t spaces, uint32_t zeros)
      : emit_(function), function_(function), append_(append), spaces_(spaces), zeros_(zeros) {}

  // The pieces in order: blanks, sign, prefix, zeros up to the width, zeros up to the precision,
  // digits, blanks. `left` counts what is left of the width.
  void write() {
    take_arguments();
    make_sign();
    make_digits();
    emit_.alu(Alu::sub, width_, sign_count_);
    subtract_prefix();
    Label precise = emit_.make_label();
    emit_.jump_if(Jump::sge, precision_, count_, precise);
    emit_.move(precision_, count_);
    emit_.label(precise);
    emit_.alu(Alu::sub, width_, precision_);
    pad_unless(FormatPiece::zero_pad | FormatPiece::left, spaces_);
    append_text(sign_offset_, sign_count_);
    append_prefix();
    pad_unless(FormatPiece::left, zeros_);
    emit_.alu(Alu::sub, precision_, count_);
    pad(precision_, zeros_);
    append_text(digits_offset_, count_);
    pad(width_, spaces_);
    emit_.move_imm(R0, 0);
    emit_.exit();
  }

 private:
  void take_arguments() {
    slot_ = emit_.make_reg();
    value_ = emit_.make_reg();
    flags_ = emit_.make_reg();
    width_ = emit_.make_reg();
    precision_ = emit_.make_reg();
    capacity_ = emit_.make_reg();
    base_ = emit_.make_reg();
    emit_.move(slot_, R1);
    emit_.move(value_, R2);
    emit_.move(capacity_, R3);
    emit_.move(width_, R4);
    emit_.move(precision_, R5);
    emit_.move(base_, capacity_);
    emit_.alu_imm(Alu::bit_and, base_, 0xff);
    emit_.move(flags_, capacity_);
    emit_.alu_imm(Alu::shr, flags_, 8);
    emit_.alu_imm(Alu::bit_and, flags_, 0xff);
    emit_.alu_imm(Alu::shr, capacity_, 16);
    digits_offset_ = -static_cast<int32_t>(function_.stack_bytes += 24);
    sign_offset_ = -static_cast<int32_t>(function_.stack_bytes += 8);
    prefix_offset_ = -static_cast<int32_t>(function_.stack_bytes += 8);
  }

  // sign_count_ = 1 and the character at sign_offset_, for a decimal that has one; |value|.
  void make_sign() {
    sign_count_ = emit_.make_reg();
    Reg sign = emit_.make_reg();
    Label done = emit_.make_label(), positive = emit_.make_label(), no_plus = emit_.make_label(),
          write = emit_.make_label();
    emit_.move_imm(sign_count_, 0);
    emit_.move_imm(sign, 0);
    emit_.jump_if_imm(Jump::ne, base_, static_cast<int32_t>(ir::NumberBase::decimal), done);
    emit_.jump_if_imm(Jump::sge, value_, 0, positive);
    emit_.negate(value_);
    emit_.move_imm(sign, '-');
    emit_.jump(write);
    emit_.label(positive);
    emit_.move_imm(sign, '+');
    emit_.jump_if_imm(Jump::set, flags_, FormatPiece::plus, write);
    emit_.label(no_plus);
    emit_.move_imm(sign, ' ');
    emit_.jump_if_imm(Jump::set, flags_, FormatPiece::space, write);
    emit_.move_imm(sign, 0);
    emit_.jump(done);
    emit_.label(write);
    emit_.move_imm(sign_count_, 1);
    emit_.label(done);
    emit_.store(Size::u64, kFramePointer, sign_offset_, sign);
  }

  // Digits come least significant first. Each is shifted in below the others, so that three words
  // stored one after the other hold the text, most significant digit first.
  void make_digits() {
    Reg words[3] = {emit_.make_reg(), emit_.make_reg(), emit_.make_reg()};
    Reg radix = emit_.make_reg(), digit = emit_.make_reg(), carry = emit_.make_reg(),
        letter = emit_.make_reg();
    count_ = emit_.make_reg();
    Label loop = emit_.make_label(), end = emit_.make_label();
    choose_radix(radix, letter);
    for (Reg word : words) emit_.move_imm(word, 0);
    emit_.move_imm(count_, 0);
    emit_.label(loop);
    emit_.move(digit, value_);
    emit_.alu(Alu::mod, digit, radix);
    emit_.alu(Alu::div, value_, radix);
    make_character(digit, letter);
    for (int i = 2; i > 0; --i) {
      emit_.move(carry, words[i - 1]);
      emit_.alu_imm(Alu::shr, carry, 56);
      emit_.alu_imm(Alu::shl, words[i], 8);
      emit_.alu(Alu::bit_or, words[i], carry);
    }
    emit_.alu_imm(Alu::shl, words[0], 8);
    emit_.alu(Alu::bit_or, words[0], digit);
    emit_.alu_imm(Alu::add, count_, 1);
    emit_.jump_if_imm(Jump::uge, count_, kMaxDigits, end);
    emit_.jump_if_imm(Jump::ne, value_, 0, loop);
    emit_.label(end);
    forget({words[0], words[1], words[2], count_});
    emit_.alu_imm(Alu::bit_and, count_, 31);
    for (int i = 0; i < 3; ++i)
      emit_.store(Size::u64, kFramePointer, digits_offset_ + 8 * i, words[i]);
  }

  // The digit's character, without a branch: the verifier would follow both ways of each digit.
  void make_character(Reg digit, Reg letter) {
    Reg is_letter = emit_.make_reg();
    emit_.alu_imm(Alu::bit_and, digit, 15);
    emit_.move_imm(is_letter, 9);
    emit_.alu(Alu::sub, is_letter, digit);
    emit_.alu_imm(Alu::shr, is_letter, 63);
    emit_.alu(Alu::mul, is_letter, letter);
    emit_.alu(Alu::add, digit, is_letter);
    emit_.alu_imm(Alu::add, digit, '0');
  }

  // The registers go through memory, where the verifier does not follow them: it would check all
  // that comes behind for each of 22 counts. The zeros behind the string's end are used, and put
  // back.
  void forget(std::initializer_list<Reg> values) {
    Reg at = emit_.make_reg(), length = emit_.make_reg();
    Label room = emit_.make_label();
    emit_.load(Size::u64, length, slot_, 0);
    emit_.jump_if(Jump::ult, length, capacity_, room);
    emit_.move_imm(R0, 0);
    emit_.exit();
    emit_.label(room);
    emit_.move(at, slot_);
    emit_.alu(Alu::add, at, length);
    for (Reg value : values) {
      emit_.store(Size::u64, at, 8, value);
      emit_.load(Size::u64, value, at, 8);
    }
    emit_.store_imm(Size::u64, at, 8, 0);
  }

  void choose_radix(Reg radix, Reg letter) {
    Label done = emit_.make_label();
    emit_.move_imm(letter, 'a' - '0' - 10);
    emit_.move_imm(radix, 8);
    emit_.jump_if_imm(Jump::eq, base_, static_cast<int32_t>(ir::NumberBase::octal), done);
    emit_.move_imm(radix, 16);
    emit_.jump_if_imm(Jump::eq, base_, static_cast<int32_t>(ir::NumberBase::hex), done);
    emit_.move_imm(letter, 'A' - '0' - 10);
    emit_.jump_if_imm(Jump::eq, base_, static_cast<int32_t>(ir::NumberBase::hex_upper), done);
    emit_.move_imm(radix, 10);
    emit_.label(done);
  }

  // prefix_count_ and the bytes at prefix_offset_: "0", "0x" or "0X" with the alternate flag.
  void subtract_prefix() {
    prefix_count_ = emit_.make_reg();
    Reg text = emit_.make_reg();
    Label done = emit_.make_label();
    emit_.move_imm(prefix_count_, 0);
    emit_.move_imm(text, '0');
    Label alternate = emit_.make_label();
    emit_.jump_if_imm(Jump::set, flags_, FormatPiece::alternate, alternate);
    emit_.jump(done);
    emit_.label(alternate);
    emit_.jump_if_imm(Jump::ult, base_, static_cast<int32_t>(ir::NumberBase::octal), done);
    emit_.move_imm(prefix_count_, 1);
    emit_.jump_if_imm(Jump::eq, base_, static_cast<int32_t>(ir::NumberBase::octal), done);
    emit_.move_imm(prefix_count_, 2);
    emit_.move_imm(text, '0' | 'x' << 8);
    emit_.jump_if_imm(Jump::eq, base_, static_cast<int32_t>(ir::NumberBase::hex), done);
    emit_.move_imm(text, '0' | 'X' << 8);
    emit_.label(done);
    emit_.store(Size::u64, kFramePointer, prefix_offset_, text);
    emit_.alu(Alu::sub, width_, prefix_count_);
  }

  void append_prefix() { append_text(prefix_offset_, prefix_count_); }

  // From the stack, `count` bytes.
  void append_text(int32_t offset, Reg count) {
    emit_.move(R1, slot_);
    emit_.move(R2, kFramePointer);
    emit_.alu_imm(Alu::add, R2, offset);
    emit_.move(R3, count);
    emit_.move(R4, capacity_);
    emit_.call_subprogram(append_, 4);
  }

  // What is left of the width, unless one of `flags` is set.
  void pad_unless(uint8_t flags, uint32_t padding) {
    Label skip = emit_.make_label();
    emit_.jump_if_imm(Jump::set, flags_, flags, skip);
    pad(width_, padding);
    emit_.move_imm(width_, 0);
    emit_.label(skip);
  }

  // `count` bytes of padding when it is positive. The padding in the data map is kPadding long; a
  // string never takes more.
  void pad(Reg count, uint32_t padding) {
    Label skip = emit_.make_label();
    emit_.jump_if_imm(Jump::sle, count, 0, skip);
    emit_.at_most(count, Library::kPadding);
    emit_.move(R1, slot_);
    emit_.map_value(R2, kDataMap, padding);
    emit_.move(R3, count);
    emit_.move(R4, capacity_);
    emit_.call_subprogram(append_, 4);
    emit_.label(skip);
  }

  Emitter emit_;
  Function& function_;
  uint32_t append_, spaces_, zeros_;
  Reg slot_ = 0, value_ = 0, flags_ = 0, width_ = 0, precision_ = 0, capacity_ = 0, base_ = 0;
  Reg sign_count_ = 0, prefix_count_ = 0, count_ = 0;
  int32_t digits_offset_ = 0, sign_offset_ = 0, prefix_offset_ = 0;
};

}  // namespace

void Library::make_append_number(Function& function) {
  uint32_t append = index_of(LibraryFunction::append_bytes);
  function.name = "append_number";
  NumberWriter(function, append, spaces_, zeros_).write();
}

}  // namespace stapd::bpf
