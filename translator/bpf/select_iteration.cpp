// foreach in a BPF handler: gather, order, take one after the other (iteration_area.h).
#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;
using ir::Operand;

bool Selector::select_iteration(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::iter_open:
      open_iteration(instr);
      return true;
    case Op::iter_next:
      next_of_iteration(instr);
      return true;
    case Op::iter_close:
      close_iteration(instr);
      return true;
    default:
      return false;
  }
}

const IterationArea& Selector::area_of(const ir::Instr& instr) {
  auto it = areas_.find(instr.sub);
  if (it != areas_.end()) return it->second;
  const GlobalSpec& global = image_.globals[instr.aux];
  MapSpec spec;
  uint32_t map = static_cast<uint32_t>(image_.maps.size() + result_.areas.size());
  IterationArea area =
      plan_area(global, function_.iterations[instr.sub], map, image_.limits.max_nesting, &spec);
  spec.value_size += result_.longest_string + kStringTail;  // as behind every string
  result_.areas.push_back(spec);
  Slice slice;
  // The operation that opens it says what must match.
  for (const ir::Block& block : function_.blocks)
    for (const ir::Instr& other : block.code)
      if (other.op == Op::iter_open && other.sub == instr.sub)
        for (size_t i = 1; i < other.args.size(); ++i)
          slice.fixed.push_back(other.args[i].kind != Operand::Kind::any);
  make_area_functions(area, slice, plan_.temp, functions_, library_);
  return areas_.emplace(instr.sub, area).first->second;
}

// Which of the area's levels an activation walks in; nothing where there is one.
std::optional<Reg> Selector::iteration_level(const IterationArea& area) {
  if (area.levels == 1) return std::nullopt;
  Reg level = emit_.make_reg();
  emit_.load(Size::u64, level, frame_, offsetof(ScratchHeader, depth));
  return level;
}

AreaAddress Selector::area_address(const IterationArea& area, std::optional<Reg> level) {
  AreaAddress address(emit_, area);
  if (level) address.set_level(*level);
  return address;
}

// The area's lock, then for_each_map_elem(collect), then a heap.
void Selector::open_iteration(const ir::Instr& instr) {
  const IterationArea& area = area_of(instr);
  const GlobalSpec& global = image_.globals[instr.aux];
  const std::optional<Reg> level = iteration_level(area);
  const AreaAddress address = area_address(area, level);
  Reg status = emit_.make_reg(), left = copy_of(instr.args[0]), at = emit_.make_reg();
  Label limited = emit_.make_label(), failed = emit_.make_label(), end = emit_.make_label();
  for (size_t i = 0; i < global.key.size(); ++i)
    if (instr.args[1 + i].kind != Operand::Kind::any)
      build_key_part(global.key[i], instr.args[1 + i]);
  hold_area(area, plan_.iterations[instr.sub], level, failed);
  emit_.jump_if_imm(Jump::sge, left, 0, limited);
  emit_.move_imm(left, INT64_MAX);
  emit_.label(limited);
  address.field(at, kAreaLeft);
  emit_.store(Size::u64, at, 0, left);
  gather(area, global, level);
  emit_.move_imm(status, 0);
  emit_.label(end);
  set(instr.dst[0], status);
  cold([=, this] {
    emit_.label(failed);
    emit_.move_imm(status, 1);
    emit_.jump(end);
  });
}

// Makes the area ours, unless it is: of a walk around this one, or of one that an error ended. The
// outermost lets go of it.
void Selector::hold_area(const IterationArea& area, int32_t state, std::optional<Reg> level,
                         Label failed) {
  Reg owner = emit_.make_reg(), lock = emit_.make_reg(), held = emit_.make_reg(),
      mine = emit_.make_reg();
  Label taken = emit_.make_label(), busy = emit_.make_label(), ours = emit_.make_label(),
        noted = emit_.make_label();
  if (level)
    emit_.move(mine, *level);
  else
    emit_.move_imm(mine, 0);
  emit_.alu_imm(Alu::add, mine, 1);
  emit_.load(Size::u64, held, frame_, state);
  emit_.jump_if_imm(Jump::ne, held, 0, ours);
  emit_.call(kGetSmpProcessorId, 0);
  emit_.move(owner, R0);
  emit_.alu_imm(Alu::add, owner, 1);
  emit_.map_value(lock, area.map, kAreaLock);
  emit_.move_imm(R0, 0);
  emit_.compare_exchange(lock, 0, owner);
  emit_.jump_if_imm(Jump::ne, R0, 0, busy);
  emit_.label(taken);
  emit_.store(Size::u64, frame_, state, mine);
  emit_.label(noted);
  cold([=, this, map = area.map] {
    emit_.label(ours);
    emit_.jump_if(Jump::ult, mine, held, taken);
    emit_.jump(noted);
    emit_.label(busy);
    emit_.jump_if(Jump::eq, R0, owner, failed);
    emit_.map_value(R1, map, kAreaLock);
    emit_.move(R2, owner);
    emit_.call_subprogram(library_.index_of(LibraryFunction::wait_for_lock), 2);
    emit_.jump_if_imm(Jump::eq, R0, 0, taken);
    emit_.jump(failed);
  });
}

void Selector::gather(const IterationArea& area, const GlobalSpec& global,
                      std::optional<Reg> level) {
  static_assert(sizeof(WalkCall) <= kTransientStack);
  const AreaAddress address = area_address(area, level);
  Reg count = emit_.make_reg();
  int32_t call = transient_stack();
  address.field(count, kAreaCount);
  emit_.store_imm(Size::u64, count, 0, 0);
  emit_.store(Size::u64, kFramePointer, call, frame_);
  if (level) emit_.store(Size::u64, kFramePointer, call + 8, *level);
  emit_.map(R1, global.map);
  emit_.subprogram_address(R2, area.collect);
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kForEachMapElem, 4);
  address.field(count, kAreaCount);
  emit_.load(Size::u64, count, count, 0);
  emit_.alu_imm(Alu::shr, count, 1);
  emit_.move(R1, count);
  emit_.subprogram_address(R2, area.heapify);
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
}

// The first of the heap; the last takes its place and sinks.
void Selector::next_of_iteration(const ir::Instr& instr) {
  const IterationArea& area = area_of(instr);
  const std::optional<Reg> level = iteration_level(area);
  const AreaAddress address = area_address(area, level);
  Reg left = emit_.make_reg(), count = emit_.make_reg(), at = emit_.make_reg(),
      first = emit_.make_reg(), last = emit_.make_reg(), more = emit_.make_reg(),
      entry = emit_.make_reg();
  Label none = emit_.make_label(), end = emit_.make_label();
  address.field(at, 0);
  emit_.load(Size::u64, left, at, kAreaLeft);
  emit_.jump_if_imm(Jump::sle, left, 0, none);
  emit_.load(Size::u64, count, at, kAreaCount);
  emit_.jump_if_imm(Jump::eq, count, 0, none);
  emit_.alu_imm(Alu::sub, left, 1);
  emit_.store(Size::u64, at, kAreaLeft, left);
  emit_.alu_imm(Alu::sub, count, 1);
  emit_.store(Size::u64, at, kAreaCount, count);
  address.order(last, count);
  emit_.load(Size::u32, last, last, 0);
  emit_.load(Size::u32, first, at, kAreaOrder);
  emit_.store(Size::u32, at, kAreaOrder, last);
  emit_.move_imm(R1, 0);
  emit_.move(R2, count);
  if (level) emit_.move(R3, *level);
  emit_.call_subprogram(area.sift, level ? 3 : 2);
  address.entry(entry, first);
  load_entry(instr, area, entry);
  emit_.move_imm(more, 1);
  emit_.jump(end);
  emit_.label(none);
  emit_.move_imm(more, 0);
  emit_.label(end);
  set(instr.dst[0], more);
}

// Key parts and value into their registers and slots.
void Selector::load_entry(const ir::Instr& instr, const IterationArea& area, Reg entry) {
  const GlobalSpec& global = *area.global;
  for (size_t i = 0; i < global.key.size(); ++i) {
    const Operand& to = instr.dst[1 + i];
    if (to.kind == Operand::Kind::none) continue;
    int32_t at = kEntryKey + global.key[i].offset;
    if (global.key[i].is_string)
      load_padded_string(place_of(to), entry, at, global.key[i].size);
    else
      load_word(to, entry, at);
  }
  const Operand& value = instr.dst[1 + global.key.size()];
  if (value.kind == Operand::Kind::reg)
    load_word(value, entry, area.value);
  else if (value.kind == Operand::Kind::slot)
    read_string_form(place_of(value), entry, area.value, global.capacity);
}

void Selector::load_word(const Operand& to, Reg base, int32_t offset) {
  Reg value = emit_.make_reg();
  emit_.load(Size::u64, value, base, offset);
  set(to, value);
}

// `size` zero-padded bytes, the last of them 0.
void Selector::load_padded_string(const SlotPlace& to, Reg base, int32_t offset, uint32_t size) {
  if (to.is_short && size <= round_up_8(to.capacity)) {
    copy_words(frame_, to.offset, base, offset, size);
    if (size < round_up_8(to.capacity)) zero_words(frame_, to.offset + 8, 8);
    return;
  }
  STAPD_CHECK(!to.is_short && round_up_8(to.capacity) >= size);
  Reg length = emit_.make_reg(), tail = emit_.make_reg();
  Label end = emit_.make_label();
  start_empty(to);
  frame_address(R1, to.offset + 8);
  emit_.move_imm(R2, size);
  emit_.move(R3, base);
  emit_.alu_imm(Alu::add, R3, offset);
  emit_.call(kProbeReadKernelStr, 3);
  emit_.jump_if_imm(Jump::sle, R0, 0, end);
  emit_.move(length, R0);
  emit_.alu_imm(Alu::sub, length, 1);
  emit_.at_most(length, static_cast<int32_t>(size - 1));
  emit_.store(Size::u64, frame_, to.offset, length);
  frame_address(tail, to.offset + 8);
  emit_.alu(Alu::add, tail, length);
  emit_.store_imm(Size::u64, tail, 0, 0);
  emit_.label(end);
}

void Selector::close_iteration(const ir::Instr& instr) {
  const IterationArea& area = area_of(instr);
  const int32_t state = plan_.iterations[instr.sub];
  const std::optional<Reg> level = iteration_level(area);
  if (!level) return release_area(area, state);
  Reg held = emit_.make_reg(), mine = emit_.make_reg();
  Label inner = emit_.make_label();
  emit_.move(mine, *level);
  emit_.alu_imm(Alu::add, mine, 1);
  emit_.load(Size::u64, held, frame_, state);
  emit_.jump_if(Jump::ne, held, mine, inner);
  release_area(area, state);
  emit_.label(inner);
}

// Nothing happens when it is not ours.
void Selector::release_area(const IterationArea& area, int32_t state) {
  Reg held = emit_.make_reg(), lock = emit_.make_reg(), zero = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.load(Size::u64, held, frame_, state);
  emit_.jump_if_imm(Jump::eq, held, 0, end);
  emit_.store_imm(Size::u64, frame_, state, 0);
  emit_.move_imm(zero, 0);
  emit_.map_value(lock, area.map, kAreaLock);
  emit_.exchange(lock, 0, zero);
  emit_.label(end);
}

// At the end of the handler, however it ends.
void Selector::release_areas() {
  for (const auto& [index, area] : areas_) release_area(area, plan_.iterations[index]);
}

}  // namespace stapd::bpf
