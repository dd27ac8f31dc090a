// Strings in maps and records, whose form goes by capacity alone (map_layout.h).
#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

void Selector::write_string_form(Reg base, int32_t offset, uint32_t capacity,
                                 const StringSource& from) {
  if (is_short_string(capacity)) {
    if (from.is_literal) {
      std::string text = from.text->substr(0, capacity - 1);
      return store_text(base, offset, text, round_up_8(capacity));
    }
    STAPD_CHECK(from.capacity <= capacity);
    int32_t bytes = from.offset + (from.is_short ? 0 : 8);
    copy_words(base, offset, frame_, bytes, round_up_8(from.capacity));
    if (round_up_8(from.capacity) < round_up_8(capacity)) zero_words(base, offset + 8, 8);
    return;
  }
  Reg length = length_of(from);
  emit_.at_most(length, static_cast<int32_t>(capacity - 1));
  emit_.store(Size::u64, base, offset, length);
  Reg bytes = bytes_of(from), tail = emit_.make_reg();
  emit_.move(R1, base);
  emit_.alu_imm(Alu::add, R1, offset + 8);
  emit_.move(R2, length);
  emit_.move(R3, bytes);
  emit_.call(kProbeReadKernel, 3);
  emit_.move(tail, base);
  emit_.alu(Alu::add, tail, length);
  emit_.store_imm(Size::u64, tail, offset + 8, 0);
}

void Selector::read_string_form(const SlotPlace& to, Reg base, int32_t offset, uint32_t capacity) {
  STAPD_CHECK(round_up_8(to.capacity) >= capacity);
  if (to.is_short) {
    copy_words(frame_, to.offset, base, offset, round_up_8(capacity));
    if (round_up_8(capacity) < round_up_8(to.capacity)) zero_words(frame_, to.offset + 8, 8);
  } else if (is_short_string(capacity)) {
    Reg length = short_length(base, offset, capacity), bytes = emit_.make_reg();
    emit_.move(bytes, base);
    emit_.alu_imm(Alu::add, bytes, offset);
    start_empty(to);
    append_from(to, bytes, length);
  } else {
    copy_long(frame_, to.offset, base, offset, capacity);
  }
}

}  // namespace stapd::bpf
