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

// callback(r1 = round, r2 = &frame): a move when there is one to do, else a byte.
class MatchRound {
 public:
  MatchRound(Function& function, const RegexSpec& regex, const FramePlan& plan)
      : emit_(function), regex_(regex), plan_(plan) {}

  void emit() {
    emit_.load(Size::u64, frame_, R2, 0);
    emit_.load(Size::u64, position_, frame_, at(offsetof(MatchArea, position)));
    emit_.load(Size::u64, move_, frame_, at(offsetof(MatchArea, move)));
    emit_.jump_if_imm(Jump::ne, move_, 0, moves_);
    take_byte();
    emit_.label(go_on_);
    emit_.move_imm(R0, 0);
    emit_.exit();
    emit_.label(moves_);
    do_move();
    emit_.label(stop_);
    emit_.move_imm(R0, 1);
    emit_.exit();
  }

 private:
  int32_t at(size_t offset) const { return plan_.match + static_cast<int32_t>(offset); }

  // address_ = where the element `index` of a table lies; `index` is overwritten.
  void find_element(uint32_t table, Reg index, int shift) {
    emit_.alu_imm(Alu::shl, index, shift);
    emit_.map_value(address_, kDataMap, table);
    emit_.alu(Alu::add, address_, index);
  }
  void find_register(Reg index) {
    emit_.alu_imm(Alu::shl, index, 1);
    emit_.move(address_, frame_);
    emit_.alu(Alu::add, address_, index);
  }

  void take_byte() {
    emit_.jump_if_imm(Jump::ugt, position_, static_cast<int32_t>(plan_.match_capacity - 1), stop_);
    emit_.move(address_, frame_);
    emit_.alu(Alu::add, address_, position_);
    emit_.load(Size::u8, value_, address_, at(kText + 8));
    emit_.alu_imm(Alu::add, position_, 1);
    emit_.store(Size::u64, frame_, at(offsetof(MatchArea, position)), position_);
    find_element(regex_.class_offset, value_, 0);
    emit_.load(Size::u8, value_, address_, 0);
    emit_.load(Size::u64, row_, frame_, at(offsetof(MatchArea, row)));
    emit_.alu(Alu::add, row_, value_);
    emit_.jump_if_imm(Jump::uge, row_, static_cast<int32_t>(regex_.entries), stop_);
    find_element(regex_.table_offset, row_, 2);
    emit_.load(Size::u32, row_, address_, 0);
    emit_.move(move_, row_);
    emit_.alu_imm(Alu::shr, move_, 16);
    emit_.alu_imm(Alu::bit_and, row_, 0xffff);
    emit_.store(Size::u64, frame_, at(offsetof(MatchArea, row)), row_);
    emit_.store(Size::u64, frame_, at(offsetof(MatchArea, move)), move_);
    emit_.jump_if_imm(Jump::ne, move_, 0, go_on_);
    emit_.jump_if_imm(Jump::eq, row_, 0, stop_);
  }

  void do_move() {
    Reg what = emit_.make_reg();
    Label write = emit_.make_label(), last = emit_.make_label();
    emit_.jump_if_imm(Jump::uge, move_, static_cast<int32_t>(regex_.moves), stop_);
    emit_.move(value_, move_);
    find_element(regex_.move_offset, value_, 2);
    emit_.load(Size::u32, what, address_, 0);
    // The byte whose moves these are has been taken.
    emit_.alu_imm(Alu::sub, position_, 1);
    emit_.move(value_, what);
    emit_.alu_imm(Alu::shr, value_, 8);
    emit_.alu_imm(Alu::bit_and, value_, 0xff);
    emit_.jump_if_imm(Jump::eq, value_, kRegexPosition, write);
    find_register(value_);
    emit_.load(Size::u16, position_, address_, at(offsetof(MatchArea, registers)));
    emit_.label(write);
    emit_.move(value_, what);
    emit_.alu_imm(Alu::bit_and, value_, 0xff);
    find_register(value_);
    emit_.store(Size::u16, address_, at(offsetof(MatchArea, registers)), position_);
    emit_.alu_imm(Alu::shr, what, 16);
    emit_.jump_if_imm(Jump::ne, what, 0, last);
    emit_.alu_imm(Alu::add, move_, 1);
    emit_.store(Size::u64, frame_, at(offsetof(MatchArea, move)), move_);
    emit_.jump(go_on_);
    emit_.label(last);
    emit_.store_imm(Size::u64, frame_, at(offsetof(MatchArea, move)), 0);
    emit_.load(Size::u64, row_, frame_, at(offsetof(MatchArea, row)));
    emit_.jump_if_imm(Jump::ne, row_, 0, go_on_);
  }

  Emitter emit_;
  const RegexSpec& regex_;
  const FramePlan& plan_;
  Reg frame_ = emit_.make_reg(), position_ = emit_.make_reg(), move_ = emit_.make_reg(),
      row_ = emit_.make_reg(), value_ = emit_.make_reg(), address_ = emit_.make_reg();
  Label moves_ = emit_.make_label(), go_on_ = emit_.make_label(), stop_ = emit_.make_label();
};

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

uint32_t Selector::match_round(uint32_t index) {
  if (auto it = regex_rounds_.find(index); it != regex_rounds_.end()) return it->second;
  const auto number = static_cast<uint32_t>(functions_.size());
  regex_rounds_[index] = number;
  Function& function = functions_.emplace_back();
  function.name = "regex_match";
  MatchRound(function, image_.regexes[index], plan_).emit();
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
