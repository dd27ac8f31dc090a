// Strings. A slot is in one of two forms (map_layout.h): short ones are 8 or 16 zero-padded bytes,
// copied and compared in words; long ones have a length and are built piece by piece.
#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;
using ir::Operand;

namespace {

// Up to this many bytes literals and slots are copied by stores, above by a helper call.
constexpr uint32_t kInlineCopy = 64;

}  // namespace

uint64_t word_of(const std::string& text, size_t at) {
  uint64_t word = 0;
  if (at < text.size()) std::memcpy(&word, text.data() + at, std::min<size_t>(8, text.size() - at));
  return word;
}

bool Selector::select_string(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::str_copy:
      copy_string(place_of(instr.dst[0]), source_of(instr.args[0]));
      return true;
    case Op::str_append:
      select_append(instr);
      return true;
    case Op::str_append_byte:
      select_append_byte(instr);
      return true;
    case Op::str_append_number:
      select_append_number(instr);
      return true;
    case Op::str_append_fitted:
      select_append_fitted(instr);
      return true;
    case Op::str_length:
      set(instr.dst[0], length_of(source_of(instr.args[0])));
      return true;
    case Op::str_byte:
      select_byte(instr);
      return true;
    case Op::str_compare:
      select_compare(instr);
      return true;
    case Op::str_equal:
      select_equal(instr);
      return true;
    case Op::str_slice:
      select_slice(instr);
      return true;
    default:
      return false;
  }
}

StringSource Selector::source_of(const Operand& operand) {
  StringSource source;
  if (operand.kind == Operand::Kind::literal) {
    source.is_literal = true;
    source.text = &image_.literals[operand.value];
    source.capacity = static_cast<uint32_t>(source.text->size() + 1);
    return source;
  }
  const SlotPlace& place = place_of(operand);
  source.is_short = place.is_short;
  source.capacity = place.capacity;
  source.offset = place.offset;
  return source;
}

void Selector::store_word(Reg base, int32_t offset, uint64_t word) {
  int64_t value = static_cast<int64_t>(word);
  if (value == static_cast<int32_t>(value)) {
    emit_.store_imm(Size::u64, base, offset, static_cast<int32_t>(value));
  } else {
    emit_.store_imm(Size::u32, base, offset, static_cast<int32_t>(word));
    emit_.store_imm(Size::u32, base, offset + 4, static_cast<int32_t>(word >> 32));
  }
}

// Padded with zeros to `bytes`.
void Selector::store_text(Reg base, int32_t offset, const std::string& text, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += 8) store_word(base, offset + at, word_of(text, at));
}

void Selector::zero_words(Reg to, int32_t offset, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += 8) emit_.store_imm(Size::u64, to, offset + at, 0);
}

void Selector::copy_words(Reg to, int32_t to_offset, Reg from, int32_t from_offset,
                          uint32_t bytes) {
  Reg word = emit_.make_reg();
  for (uint32_t at = 0; at < bytes; at += 8) {
    emit_.load(Size::u64, word, from, from_offset + at);
    emit_.store(Size::u64, to, to_offset + at, word);
  }
}

void Selector::copy_block(Reg to, int32_t to_offset, Reg from, int32_t from_offset,
                          uint32_t bytes) {
  if (bytes <= kInlineCopy) return copy_words(to, to_offset, from, from_offset, bytes);
  emit_.move(R1, to);
  emit_.alu_imm(Alu::add, R1, to_offset);
  emit_.move_imm(R2, bytes);
  emit_.move(R3, from);
  emit_.alu_imm(Alu::add, R3, from_offset);
  emit_.call(kProbeReadKernel, 3);
}

void Selector::copy_literal(const SlotPlace& to, const std::string& whole) {
  std::string text = whole.substr(0, to.capacity - 1);
  if (to.is_short) {
    store_text(frame_, to.offset, text, round_up_8(to.capacity));
    return;
  }
  emit_.store_imm(Size::u64, frame_, to.offset, static_cast<int32_t>(text.size()));
  uint32_t bytes = round_up_8(static_cast<uint32_t>(text.size())) + 8;
  if (is_short_string(to.capacity)) bytes = round_up_8(to.capacity) + kStringTail;
  if (bytes <= kInlineCopy) {
    store_text(frame_, to.offset + 8, text, bytes);
    return;
  }
  Reg from = emit_.make_reg();
  emit_.map_value(from, kDataMap, data_.text(text));
  copy_block(frame_, to.offset + 8, from, 0, bytes);
}

// The length of `capacity` zero-padded bytes, at most 16: of the last word that is not 0, the
// number of its bytes up to the highest that is not 0.
Reg Selector::short_length(Reg base, int32_t offset, uint32_t capacity) {
  Reg length = emit_.make_reg(), word = emit_.make_reg();
  Label counted = emit_.make_label();
  emit_.move_imm(length, 0);
  if (capacity > 8) {
    Label first = emit_.make_label(), count = emit_.make_label();
    emit_.load(Size::u64, word, base, offset + 8);
    emit_.jump_if_imm(Jump::eq, word, 0, first);
    emit_.move_imm(length, 8);
    emit_.jump(count);
    emit_.label(first);
    emit_.load(Size::u64, word, base, offset);
    emit_.label(count);
  } else {
    emit_.load(Size::u64, word, base, offset);
  }
  Reg high = emit_.make_reg();
  for (int bits : {32, 16, 8}) {
    Label low = emit_.make_label();
    emit_.move(high, word);
    emit_.alu_imm(Alu::shr, high, bits);
    emit_.jump_if_imm(Jump::eq, high, 0, low);
    emit_.alu_imm(Alu::add, length, bits / 8);
    emit_.move(word, high);
    emit_.label(low);
  }
  emit_.jump_if_imm(Jump::eq, word, 0, counted);
  emit_.alu_imm(Alu::add, length, 1);
  emit_.label(counted);
  return length;
}

Reg Selector::length_of(const StringSource& source) {
  if (source.is_short) return short_length(frame_, source.offset, source.capacity);
  Reg length = emit_.make_reg();
  if (source.is_literal)
    emit_.move_imm(length, source.text->size());
  else
    emit_.load(Size::u64, length, frame_, source.offset);
  return length;
}

Reg Selector::bytes_of(const StringSource& source) {
  Reg bytes = emit_.make_reg();
  if (source.is_literal)
    emit_.map_value(bytes, kDataMap, data_.text(*source.text));
  else
    frame_address(bytes, source.offset + (source.is_short ? 0 : 8));
  return bytes;
}

void Selector::copy_string(const SlotPlace& to, const StringSource& from) {
  if (from.is_literal) return copy_literal(to, *from.text);
  if (from.offset == to.offset && from.is_short == to.is_short) return;
  if (to.is_short && from.is_short && from.capacity <= to.capacity) {
    copy_words(frame_, to.offset, frame_, from.offset, round_up_8(from.capacity));
    if (round_up_8(from.capacity) < round_up_8(to.capacity)) zero_words(frame_, to.offset + 8, 8);
    return;
  }
  if (!to.is_short && !from.is_short && from.capacity <= to.capacity &&
      !is_short_string(to.capacity)) {
    copy_long(frame_, to.offset, frame_, from.offset, from.capacity);
    return;
  }
  if (to.is_short) return copy_cut(to, from);
  start_empty(to);
  append_from(to, bytes_of(from), length_of(from));
}

void Selector::start_empty(const SlotPlace& to) {
  emit_.store_imm(Size::u64, frame_, to.offset, 0);
  // Short capacities keep every byte behind the end zero, so that they convert to the short form.
  zero_words(frame_, to.offset + 8,
             is_short_string(to.capacity) ? round_up_8(to.capacity) + kStringTail : 8);
}

// A string that may be longer than the short slot it goes to.
void Selector::copy_cut(const SlotPlace& to, const StringSource& from) {
  uint32_t room = round_up_8(to.capacity);
  Reg length = length_of(from);
  zero_words(frame_, to.offset, room);
  emit_.at_most(length, static_cast<int32_t>(to.capacity - 1));
  Reg bytes = bytes_of(from);
  frame_address(R1, to.offset);
  emit_.move(R2, length);
  emit_.move(R3, bytes);
  emit_.call(kProbeReadKernel, 3);
}

// Both long; `capacity` is the source's. Length, bytes and zero tail in one copy.
void Selector::copy_long(Reg to, int32_t to_offset, Reg from, int32_t from_offset,
                         uint32_t capacity) {
  Reg size = emit_.make_reg();
  emit_.load(Size::u64, size, from, from_offset);
  emit_.alu_imm(Alu::add, size, 8 + kStringTail);
  int32_t most = static_cast<int32_t>(long_string_bytes(capacity));
  emit_.at_most(size, most);
  emit_.move(R1, to);
  emit_.alu_imm(Alu::add, R1, to_offset);
  emit_.move(R2, size);
  emit_.move(R3, from);
  emit_.alu_imm(Alu::add, R3, from_offset);
  emit_.call(kProbeReadKernel, 3);
}

void Selector::append_from(const SlotPlace& to, Reg source, Reg size) {
  STAPD_CHECK(!to.is_short);
  frame_address(R1, to.offset);
  emit_.move(R2, source);
  emit_.move(R3, size);
  emit_.move_imm(R4, to.capacity);
  emit_.call_subprogram(library_.index_of(LibraryFunction::append_bytes), 4);
}

void Selector::select_append(const ir::Instr& instr) {
  StringSource from = source_of(instr.args[1]);
  if (from.is_literal && from.text->empty()) return;
  Reg size = length_of(from);
  append_from(place_of(instr.dst[0]), bytes_of(from), size);
}

void Selector::select_append_byte(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  Reg byte = copy_of(instr.args[1]), length = emit_.make_reg(), at = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.alu_imm(Alu::bit_and, byte, 0xff);
  emit_.jump_if_imm(Jump::eq, byte, 0, end);
  emit_.load(Size::u64, length, frame_, to.offset);
  emit_.jump_if_imm(Jump::uge, length, static_cast<int32_t>(to.capacity - 1), end);
  emit_.at_most(length, static_cast<int32_t>(to.capacity - 2));
  frame_address(at, to.offset + 8);
  emit_.alu(Alu::add, at, length);
  // The byte and the first seven of the zeros behind it, then the last.
  emit_.store(Size::u64, at, 0, byte);
  emit_.store_imm(Size::u8, at, 8, 0);
  emit_.alu_imm(Alu::add, length, 1);
  emit_.store(Size::u64, frame_, to.offset, length);
  emit_.label(end);
}

void Selector::select_append_number(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  Reg value = use(instr.args[1]), width = use(instr.args[2]), precision = use(instr.args[3]);
  frame_address(R1, to.offset);
  emit_.move(R2, value);
  emit_.move_imm(R3, instr.aux | static_cast<int64_t>(to.capacity) << 16);
  emit_.move(R4, width);
  emit_.move(R5, precision);
  emit_.call_subprogram(library_.index_of(LibraryFunction::append_number), 5);
}

// blanks, the string cut to the precision, blanks.
void Selector::select_append_fitted(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  StringSource from = source_of(instr.args[1]);
  bool escaped = instr.aux & FormatPiece::alternate, left = instr.aux & FormatPiece::left;
  Reg length = length_of(from);
  Reg precision = copy_of(instr.args[3]);
  Label fits = emit_.make_label();
  emit_.jump_if_imm(Jump::slt, precision, 0, fits);
  emit_.jump_if(Jump::sle, length, precision, fits);
  emit_.move(length, precision);
  emit_.label(fits);
  if (escaped) bound_by_capacity(length, from);
  if (instr.args[2] == Operand::imm(-1)) return append_text(to, from, length, escaped);
  Reg blanks = copy_of(instr.args[2]);
  emit_.alu(Alu::sub, blanks, escaped ? escaped_length_of(from, length) : length);
  if (!left) append_blanks(to, blanks);
  append_text(to, from, length, escaped);
  if (left) append_blanks(to, blanks);
}

// Tells the verifier what a length is anyway.
void Selector::bound_by_capacity(Reg length, const StringSource& from) {
  int32_t most = static_cast<int32_t>(from.capacity - 1);
  emit_.at_most(length, most);
}

void Selector::append_text(const SlotPlace& to, const StringSource& from, Reg size, bool escaped) {
  Reg bytes = bytes_of(from);
  if (!escaped) return append_from(to, bytes, size);
  frame_address(R1, to.offset);
  emit_.move(R2, bytes);
  emit_.move(R3, size);
  emit_.move_imm(R4, to.capacity);
  emit_.call_subprogram(library_.index_of(LibraryFunction::append_escaped), 4);
}

Reg Selector::escaped_length_of(const StringSource& from, Reg size) {
  Reg bytes = bytes_of(from), length = emit_.make_reg();
  emit_.move(R1, bytes);
  emit_.move(R2, size);
  emit_.call_subprogram(library_.index_of(LibraryFunction::escaped_length), 2);
  emit_.move(length, R0);
  return length;
}

void Selector::append_blanks(const SlotPlace& to, Reg count) {
  Label none = emit_.make_label();
  Reg spaces = emit_.make_reg(), size = emit_.make_reg();
  emit_.jump_if_imm(Jump::sle, count, 0, none);
  emit_.move(size, count);
  emit_.at_most(size, Library::kPadding);
  emit_.map_value(spaces, kDataMap, data_.spaces(Library::kPadding));
  append_from(to, spaces, size);
  emit_.label(none);
}

void Selector::select_byte(const ir::Instr& instr) {
  StringSource from = source_of(instr.args[0]);
  Reg result = emit_.make_reg(), at = emit_.make_reg();
  Label end = emit_.make_label();
  Reg index = copy_of(instr.args[1]), length = length_of(from);
  emit_.move_imm(result, 0);
  emit_.jump_if(Jump::uge, index, length, end);
  emit_.at_most(index, static_cast<int32_t>(from.capacity - 1));
  emit_.move(at, bytes_of(from));
  emit_.alu(Alu::add, at, index);
  emit_.load(Size::u8, result, at, 0);
  emit_.label(end);
  set(instr.dst[0], result);
}

// Words up to the one in which the shorter string ends: there at the latest they differ, or both
// end.
void Selector::select_compare(const ir::Instr& instr) {
  StringSource a = source_of(instr.args[0]), b = source_of(instr.args[1]);
  Reg last = emit_.make_reg(), other = emit_.make_reg();
  Label chosen = emit_.make_label();
  emit_.move(last, length_of(a));
  emit_.move(other, length_of(b));
  emit_.jump_if(Jump::ule, last, other, chosen);
  emit_.move(last, other);
  emit_.label(chosen);
  emit_.alu_imm(Alu::shr, last, 3);
  int32_t most = static_cast<int32_t>((std::min(a.capacity, b.capacity) - 1) / 8);
  emit_.at_most(last, most);
  Reg bytes_a = bytes_of(a), bytes_b = bytes_of(b);
  emit_.move(R1, bytes_a);
  emit_.move(R2, bytes_b);
  emit_.move(R3, last);
  emit_.call_subprogram(library_.index_of(LibraryFunction::compare_words), 3);
  Reg result = emit_.make_reg();
  emit_.move(result, R0);
  set(instr.dst[0], result);
}

// Short strings and short literals are compared in place, others by their order.
void Selector::select_equal(const ir::Instr& instr) {
  StringSource a = source_of(instr.args[0]), b = source_of(instr.args[1]);
  if (a.is_literal) std::swap(a, b);
  if (!a.is_short || !(b.is_short || (b.is_literal && b.capacity <= kShortCapacity))) {
    select_compare(instr);
    Reg result = emit_.make_reg();
    Label end = emit_.make_label();
    Reg order = use(instr.dst[0]);
    emit_.move_imm(result, 1);
    emit_.jump_if_imm(Jump::eq, order, 0, end);
    emit_.move_imm(result, 0);
    emit_.label(end);
    set(instr.dst[0], result);
    return;
  }
  Reg result = emit_.make_reg(), left = emit_.make_reg(), right = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.move_imm(result, 0);
  uint32_t bytes = round_up_8(std::max(a.capacity, b.capacity));
  for (uint32_t at = 0; at < bytes; at += 8) {
    load_short_word(left, a, at);
    load_short_word(right, b, at);
    emit_.jump_if(Jump::ne, left, right, end);
  }
  emit_.move_imm(result, 1);
  emit_.label(end);
  set(instr.dst[0], result);
}

void Selector::load_short_word(Reg to, const StringSource& from, uint32_t at) {
  if (from.is_literal)
    emit_.move_imm(to, static_cast<int64_t>(word_of(*from.text, at)));
  else if (at < round_up_8(from.capacity))
    emit_.load(Size::u64, to, frame_, from.offset + at);
  else
    emit_.move_imm(to, 0);
}

void Selector::select_slice(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  StringSource from = source_of(instr.args[0]);
  Reg start = copy_of(instr.args[1]), size = copy_of(instr.args[2]), length = length_of(from);
  Reg source = emit_.make_reg(), rest = emit_.make_reg();
  Label end = emit_.make_label(), fits = emit_.make_label();
  emit_.move(source, bytes_of(from));
  if (!from.is_literal && from.offset == to.offset)
    STAPD_UNREACHABLE("slice of a slot into itself");
  start_empty(to);
  emit_.jump_if(Jump::uge, start, length, end);  // a negative start too
  emit_.jump_if_imm(Jump::sle, size, 0, end);
  emit_.move(rest, length);
  emit_.alu(Alu::sub, rest, start);
  emit_.jump_if(Jump::ule, size, rest, fits);
  emit_.move(size, rest);
  emit_.label(fits);
  emit_.at_most(start, static_cast<int32_t>(from.capacity - 1));
  emit_.alu(Alu::add, source, start);
  append_from(to, source, size);
  emit_.label(end);
}

}  // namespace stapd::bpf
