// Regular expressions: bpf_loop with a callback for each automaton (RegexSpec), which takes one
// byte a round. An automaton with groups works in the frame's MatchArea, whose values the verifier
// does not follow from round to round; it does one move of its registers a round.
#include <algorithm>

#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;

namespace {

constexpr int32_t kMostRounds = 1 << 23;  // bpf_loop's own limit

// What a test's callback gets, on the stack.
struct TestCall {
  uint64_t row, last, bytes;
};

constexpr int32_t kText = sizeof(MatchArea);  // behind the MatchArea

}  // namespace

bool Selector::select_regex(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::regex_test:
      test_regex(instr);
      return true;
    case Op::regex_match:
      match_regex(instr);
      return true;
    case Op::regex_groups: {
      Reg groups = emit_.make_reg();
      emit_.load(Size::u64, groups, frame_, plan_.match + offsetof(MatchArea, groups));
      set(instr.dst[0], groups);
      return true;
    }
    case Op::regex_group:
      select_group(instr);
      return true;
    default:
      return false;
  }
}

void Selector::test_regex(const ir::Instr& instr) {
  const RegexSpec& regex = image_.regexes[instr.aux];
  const auto matched = static_cast<int32_t>(regex.classes);
  if (regex.start == regex.classes) return set_imm(instr.dst[0], 1);
  const StringSource text = source_of(instr.args[0]);
  const int32_t call = transient_stack();
  static_assert(sizeof(TestCall) <= kTransientStack);
  Reg bytes = bytes_of(text), row = emit_.make_reg(), result = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.store_imm(Size::u64, kFramePointer, call + offsetof(TestCall, row),
                  static_cast<int32_t>(regex.start));
  emit_.store_imm(Size::u64, kFramePointer, call + offsetof(TestCall, last),
                  static_cast<int32_t>(text.capacity - 1));
  emit_.store(Size::u64, kFramePointer, call + offsetof(TestCall, bytes), bytes);
  emit_.move_imm(R1, text.capacity);
  emit_.subprogram_address(R2, test_round(instr.aux));
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
  emit_.load(Size::u64, row, kFramePointer, call + offsetof(TestCall, row));
  emit_.move_imm(result, 1);
  emit_.jump_if_imm(Jump::eq, row, matched, end);
  emit_.move_imm(result, 0);
  emit_.label(end);
  set(instr.dst[0], result);
}

// callback(r1 = position, r2 = TestCall): ends in row 0 or the row of the match.
uint32_t Selector::test_round(uint32_t index) {
  if (auto it = regex_rounds_.find(index); it != regex_rounds_.end()) return it->second;
  const RegexSpec& regex = image_.regexes[index];
  const auto number = static_cast<uint32_t>(functions_.size());
  regex_rounds_[index] = number;
  Function& function = functions_.emplace_back();
  function.name = "regex_test";
  Emitter emit(function);
  Reg call = emit.make_reg(), position = emit.make_reg(), value = emit.make_reg(),
      row = emit.make_reg(), at = emit.make_reg();
  Label stop = emit.make_label();
  emit.move(position, R1);
  emit.move(call, R2);
  emit.load(Size::u64, value, call, offsetof(TestCall, last));
  emit.jump_if(Jump::ugt, position, value, stop);
  emit.load(Size::u64, at, call, offsetof(TestCall, bytes));
  emit.alu(Alu::add, at, position);
  emit.load(Size::u8, value, at, 0);
  emit.map_value(at, kDataMap, regex.class_offset);
  emit.alu(Alu::add, at, value);
  emit.load(Size::u8, value, at, 0);
  emit.load(Size::u64, row, call, offsetof(TestCall, row));
  emit.alu(Alu::add, row, value);
  emit.jump_if_imm(Jump::uge, row, static_cast<int32_t>(regex.entries), stop);
  emit.alu_imm(Alu::shl, row, 2);
  emit.map_value(at, kDataMap, regex.table_offset);
  emit.alu(Alu::add, at, row);
  emit.load(Size::u32, row, at, 0);
  emit.alu_imm(Alu::bit_and, row, 0xffff);
  emit.store(Size::u64, call, offsetof(TestCall, row), row);
  emit.jump_if_imm(Jump::ule, row, static_cast<int32_t>(regex.classes), stop);
  emit.move_imm(R0, 0);
  emit.exit();
  emit.label(stop);
  emit.move_imm(R0, 1);
  emit.exit();
  return number;
}

void Selector::match_regex(const ir::Instr& instr) {
  const RegexSpec& regex = image_.regexes[instr.aux];
  const int32_t area = plan_.match;
  const int32_t registers = area + static_cast<int32_t>(offsetof(MatchArea, registers));
  copy_string({false, plan_.match_capacity, area + kText}, source_of(instr.args[0]));
  emit_.store_imm(Size::u64, frame_, area + offsetof(MatchArea, row),
                  static_cast<int32_t>(regex.start));
  emit_.store_imm(Size::u64, frame_, area + offsetof(MatchArea, position), 0);
  emit_.store_imm(Size::u64, frame_, area + offsetof(MatchArea, move), 0);
  emit_.store_imm(Size::u16, frame_, registers, 0xffff);
  emit_.store_imm(Size::u16, frame_, registers + 2 * static_cast<int32_t>(kRegexNothing), 0xffff);
  const int32_t call = transient_stack();
  emit_.store(Size::u64, kFramePointer, call, frame_);
  const uint64_t rounds = uint64_t{plan_.match_capacity} * (1 + regex.most_moves);
  emit_.move_imm(R1, static_cast<int64_t>(std::min<uint64_t>(rounds, kMostRounds)));
  emit_.subprogram_address(R2, match_round(instr.aux));
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
  Reg first = emit_.make_reg(), groups = emit_.make_reg(), result = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.load(Size::u16, first, frame_, registers);
  emit_.move_imm(groups, 0);
  emit_.move_imm(result, 0);
  emit_.jump_if_imm(Jump::eq, first, 0xffff, end);
  emit_.move_imm(groups, regex.groups);
  emit_.move_imm(result, 1);
  emit_.label(end);
  emit_.store(Size::u64, frame_, area + offsetof(MatchArea, groups), groups);
  set(instr.dst[0], result);
}

// callback(r1 = round, r2 = &frame): a move when there is one to do, else a byte.
uint32_t Selector::match_round(uint32_t index) {
  if (auto it = regex_rounds_.find(index); it != regex_rounds_.end()) return it->second;
  const RegexSpec& regex = image_.regexes[index];
  const int32_t area = plan_.match;
  const int32_t row_at = area + static_cast<int32_t>(offsetof(MatchArea, row));
  const int32_t position_at = area + static_cast<int32_t>(offsetof(MatchArea, position));
  const int32_t move_at = area + static_cast<int32_t>(offsetof(MatchArea, move));
  const int32_t registers = area + static_cast<int32_t>(offsetof(MatchArea, registers));
  const auto number = static_cast<uint32_t>(functions_.size());
  regex_rounds_[index] = number;
  Function& function = functions_.emplace_back();
  function.name = "regex_match";
  Emitter emit(function);
  Reg frame = emit.make_reg(), position = emit.make_reg(), move = emit.make_reg(),
      row = emit.make_reg(), value = emit.make_reg(), at = emit.make_reg();
  Label moves = emit.make_label(), go_on = emit.make_label(), stop = emit.make_label();
  emit.load(Size::u64, frame, R2, 0);
  emit.load(Size::u64, position, frame, position_at);
  emit.load(Size::u64, move, frame, move_at);
  emit.jump_if_imm(Jump::ne, move, 0, moves);

  emit.jump_if_imm(Jump::ugt, position, static_cast<int32_t>(plan_.match_capacity - 1), stop);
  emit.move(at, frame);
  emit.alu(Alu::add, at, position);
  emit.load(Size::u8, value, at, area + kText + 8);
  emit.alu_imm(Alu::add, position, 1);
  emit.store(Size::u64, frame, position_at, position);
  emit.map_value(at, kDataMap, regex.class_offset);
  emit.alu(Alu::add, at, value);
  emit.load(Size::u8, value, at, 0);
  emit.load(Size::u64, row, frame, row_at);
  emit.alu(Alu::add, row, value);
  emit.jump_if_imm(Jump::uge, row, static_cast<int32_t>(regex.entries), stop);
  emit.alu_imm(Alu::shl, row, 2);
  emit.map_value(at, kDataMap, regex.table_offset);
  emit.alu(Alu::add, at, row);
  emit.load(Size::u32, row, at, 0);
  emit.move(move, row);
  emit.alu_imm(Alu::shr, move, 16);
  emit.alu_imm(Alu::bit_and, row, 0xffff);
  emit.store(Size::u64, frame, row_at, row);
  emit.store(Size::u64, frame, move_at, move);
  emit.jump_if_imm(Jump::ne, move, 0, go_on);
  emit.jump_if_imm(Jump::eq, row, 0, stop);
  emit.label(go_on);
  emit.move_imm(R0, 0);
  emit.exit();

  Reg what = emit.make_reg();
  Label write = emit.make_label(), last = emit.make_label();
  emit.label(moves);
  emit.jump_if_imm(Jump::uge, move, static_cast<int32_t>(regex.moves), stop);
  emit.move(value, move);
  emit.alu_imm(Alu::shl, value, 2);
  emit.map_value(at, kDataMap, regex.move_offset);
  emit.alu(Alu::add, at, value);
  emit.load(Size::u32, what, at, 0);
  // The byte whose moves these are has been taken.
  emit.alu_imm(Alu::sub, position, 1);
  emit.move(value, what);
  emit.alu_imm(Alu::shr, value, 8);
  emit.alu_imm(Alu::bit_and, value, 0xff);
  emit.jump_if_imm(Jump::eq, value, kRegexPosition, write);
  emit.alu_imm(Alu::shl, value, 1);
  emit.move(at, frame);
  emit.alu(Alu::add, at, value);
  emit.load(Size::u16, position, at, registers);
  emit.label(write);
  emit.move(value, what);
  emit.alu_imm(Alu::bit_and, value, 0xff);
  emit.alu_imm(Alu::shl, value, 1);
  emit.move(at, frame);
  emit.alu(Alu::add, at, value);
  emit.store(Size::u16, at, registers, position);
  emit.alu_imm(Alu::shr, what, 16);
  emit.jump_if_imm(Jump::ne, what, 0, last);
  emit.alu_imm(Alu::add, move, 1);
  emit.store(Size::u64, frame, move_at, move);
  emit.move_imm(R0, 0);
  emit.exit();
  emit.label(last);
  emit.store_imm(Size::u64, frame, move_at, 0);
  emit.load(Size::u64, row, frame, row_at);
  emit.jump_if_imm(Jump::ne, row, 0, go_on);
  emit.label(stop);
  emit.move_imm(R0, 1);
  emit.exit();
  return number;
}

// Out of the text that was kept, which probe_read reads: it looks at the bounds itself.
void Selector::select_group(const ir::Instr& instr) {
  const SlotPlace& to = place_of(instr.dst[0]);
  const int32_t registers = plan_.match + static_cast<int32_t>(offsetof(MatchArea, registers));
  Reg group = copy_of(instr.args[0]), groups = emit_.make_reg(), at = emit_.make_reg(),
      from = emit_.make_reg(), size = emit_.make_reg();
  Label end = emit_.make_label();
  start_empty(to);
  emit_.load(Size::u64, groups, frame_, plan_.match + offsetof(MatchArea, groups));
  emit_.jump_if(Jump::uge, group, groups, end);
  emit_.jump_if_imm(Jump::uge, group, kRegexNothing / 2, end);
  emit_.alu_imm(Alu::shl, group, 2);
  frame_address(at, registers);
  emit_.alu(Alu::add, at, group);
  emit_.load(Size::u16, from, at, 0);
  emit_.load(Size::u16, size, at, 2);
  emit_.jump_if_imm(Jump::eq, from, 0xffff, end);
  emit_.alu(Alu::sub, size, from);
  emit_.jump_if_imm(Jump::sle, size, 0, end);
  frame_address(at, plan_.match + kText + 8);
  emit_.jump_if_imm(Jump::ugt, from, static_cast<int32_t>(plan_.match_capacity - 1), end);
  emit_.alu(Alu::add, at, from);
  append_from(to, at, size);
  emit_.label(end);
}

}  // namespace stapd::bpf
