#include "translator/bpf/iteration_area.h"

#include <bit>

#include "runtime/base/check.h"
#include "translator/bpf/element_statistic.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {
namespace {

using Sort = ir::Iteration::Sort;

bool sorts_by_string(const IterationArea& area) {
  if (area.iteration.sort == Sort::key) return area.global->key[area.iteration.key_part].is_string;
  return area.iteration.sort == Sort::value && area.global->kind == ValueKind::string;
}

uint32_t value_bytes(const GlobalSpec& global) {
  switch (global.kind) {
    case ValueKind::integer:
      return 8;
    case ValueKind::string:
      return string_bytes(global.capacity);
    case ValueKind::statistic:
      return 0;
  }
  return 0;
}

class CollectWriter {
 public:
  CollectWriter(const IterationArea& area, const Slice& slice, int32_t temp,
                std::deque<Function>& functions)
      : area_(area),
        slice_(slice),
        temp_(temp),
        function_(functions[area.collect]),
        emit_(function_),
        address_(emit_, area),
        statistic_(*area.global, functions, function_, emit_) {}

  void write() {
    function_.name = "collect." + area_.global->name;
    key_ = emit_.make_reg();
    value_ = emit_.make_reg();
    entry_ = emit_.make_reg();
    count_ = emit_.make_reg();
    out_ = emit_.make_label();
    Reg call = emit_.make_reg();
    emit_.move(key_, R2);
    emit_.move(value_, R3);
    emit_.move(call, R4);
    match(call);
    if (area_.levels > 1) {
      Reg level = emit_.make_reg();
      emit_.load(Size::u64, level, call, offsetof(WalkCall, level));
      address_.set_level(level);
    }
    address_.field(count_, kAreaCount);
    emit_.load(Size::u64, count_, count_, 0);
    emit_.jump_if_imm(Jump::uge, count_, static_cast<int32_t>(area_.slots), out_);
    address_.entry(entry_, count_);
    copy_key();
    if (area_.global->kind == ValueKind::statistic)
      merge_statistic();
    else
      copy_value();
    store_sort();
    append();
    emit_.label(out_);
    emit_.move_imm(R0, 0);
    emit_.exit();
  }

 private:
  void match(Reg call) {
    Reg frame = emit_.make_reg(), a = emit_.make_reg(), b = emit_.make_reg();
    bool any = false;
    for (bool fixed : slice_.fixed) any |= fixed;
    if (!any) return;
    emit_.load(Size::u64, frame, call, offsetof(WalkCall, frame));
    for (size_t i = 0; i < slice_.fixed.size(); ++i) {
      if (!slice_.fixed[i]) continue;
      const KeyPart& part = area_.global->key[i];
      for (uint32_t at = part.offset; at < part.offset + part.size; at += 8) {
        emit_.load(Size::u64, a, key_, static_cast<int32_t>(at));
        emit_.load(Size::u64, b, frame, temp_ + static_cast<int32_t>(at));
        emit_.jump_if(Jump::ne, a, b, out_);
      }
    }
  }

  void copy_key() {
    Reg word = emit_.make_reg();
    if (area_.global->key_size <= 64) {
      for (uint32_t at = 0; at < area_.global->key_size; at += 8) {
        emit_.load(Size::u64, word, key_, static_cast<int32_t>(at));
        emit_.store(Size::u64, entry_, kEntryKey + static_cast<int32_t>(at), word);
      }
      return;
    }
    emit_.move(R1, entry_);
    emit_.alu_imm(Alu::add, R1, kEntryKey);
    emit_.move_imm(R2, area_.global->key_size);
    emit_.move(R3, key_);
    emit_.call(kProbeReadKernel, 3);
  }

  void copy_value() {
    Reg word = emit_.make_reg();
    emit_.load(Size::u64, word, value_, 0);
    emit_.store(Size::u64, entry_, kEntryInsertion, word);
    if (area_.global->kind == ValueKind::integer) {
      emit_.load(Size::u64, word, value_, kElementValueOffset);
      emit_.store(Size::u64, entry_, area_.value, word);
      return;
    }
    emit_.move(R1, entry_);
    emit_.alu_imm(Alu::add, R1, area_.value);
    emit_.move_imm(R2, string_bytes(area_.global->capacity));
    emit_.move(R3, value_);
    emit_.alu_imm(Alu::add, R3, kElementValueOffset);
    emit_.call(kProbeReadKernel, 3);
  }

  void merge_statistic() {
    statistic_.merge(key_, area_.iteration.sort == Sort::variance);
    Reg word = emit_.make_reg();
    statistic_.load_insertion(word);
    emit_.store(Size::u64, entry_, kEntryInsertion, word);
  }

  // What the element is sorted by, so that unsigned order is the wanted order.
  void store_sort() {
    Reg sort = emit_.make_reg(), sign = emit_.make_reg();
    const ir::Iteration& iteration = area_.iteration;
    if (iteration.sort == Sort::none) {
      emit_.store_imm(Size::u64, entry_, kEntrySort, 0);
      return;
    }
    load_sort_value(sort);
    if (sorts_by_string(area_)) {
      emit_.to_big_endian(sort, 64);
    } else {
      emit_.move_imm(sign, INT64_MIN);
      emit_.alu(Alu::bit_xor, sort, sign);
    }
    if (iteration.descending) emit_.alu_imm(Alu::bit_xor, sort, -1);
    emit_.store(Size::u64, entry_, kEntrySort, sort);
  }

  void load_sort_value(Reg sort) {
    const ir::Iteration& iteration = area_.iteration;
    if (iteration.sort == Sort::key) {
      emit_.load(Size::u64, sort, entry_, kEntryKey + area_.global->key[iteration.key_part].offset);
      return;
    }
    if (area_.global->kind != ValueKind::statistic) {
      bool long_string =
          area_.global->kind == ValueKind::string && !is_short_string(area_.global->capacity);
      emit_.load(Size::u64, sort, entry_, area_.value + (long_string ? 8 : 0));
      return;
    }
    statistic_.load(iteration.sort, sort);
  }

  void append() {
    Reg at = emit_.make_reg();
    address_.order(at, count_);
    emit_.store(Size::u32, at, 0, count_);
    emit_.alu_imm(Alu::add, count_, 1);
    address_.field(at, kAreaCount);
    emit_.store(Size::u64, at, 0, count_);
  }

  const IterationArea& area_;
  const Slice& slice_;
  int32_t temp_;
  Function& function_;
  Emitter emit_;
  AreaAddress address_;
  ElementStatistic statistic_;
  Reg key_ = 0, value_ = 0, entry_ = 0, count_ = 0;
  Label out_ = kNoLabel;
};

// Depth of the greatest heap: kMaxMapEntries elements at most.
constexpr int kMaxDepth = 24;

class SiftWriter {
 public:
  SiftWriter(const IterationArea& area, Function& function, Library& library)
      : area_(area), emit_(function), address_(emit_, area), library_(library) {
    function.name = "sift." + area.global->name;
  }

  //   for (;;) { child = the first of place's children; if (!before(child, place)) return;
  //              swap; place = child }
  void write() {
    Reg place = emit_.make_reg(), count = emit_.make_reg(), child = emit_.make_reg(),
        other = emit_.make_reg(), rounds = emit_.make_reg();
    Label loop = emit_.make_label(), out = emit_.make_label(), chosen = emit_.make_label(),
          second = emit_.make_label(), swap = emit_.make_label();
    Reg kept = emit_.make_reg();
    emit_.move(place, R1);
    emit_.move(count, R2);
    if (area_.levels > 1) {
      Reg level = emit_.make_reg();
      emit_.move(level, R3);
      address_.set_level(level);
    }
    emit_.move_imm(rounds, kMaxDepth);
    emit_.label(loop);
    emit_.jump_if_imm(Jump::eq, rounds, 0, out);
    emit_.alu_imm(Alu::sub, rounds, 1);
    // By way of memory, so that the verifier does not follow every path through the heap with the
    // places it knows.
    address_.field(kept, kAreaPlace);
    emit_.store(Size::u64, kept, 0, place);
    emit_.load(Size::u64, place, kept, 0);
    emit_.alu_imm(Alu::bit_and, place, static_cast<int32_t>(area_.slots - 1));
    emit_.move(child, place);
    emit_.alu_imm(Alu::shl, child, 1);
    emit_.alu_imm(Alu::add, child, 1);
    emit_.jump_if(Jump::uge, child, count, out);
    emit_.move(other, child);
    emit_.alu_imm(Alu::add, other, 1);
    emit_.jump_if(Jump::uge, other, count, chosen);
    jump_if_before(other, child, second);
    emit_.jump(chosen);
    emit_.label(second);
    emit_.move(child, other);
    emit_.label(chosen);
    jump_if_before(child, place, swap);
    emit_.jump(out);
    emit_.label(swap);
    swap_places(child, place);
    emit_.move(place, child);
    emit_.jump(loop);
    emit_.label(out);
    emit_.move_imm(R0, 0);
    emit_.exit();
  }

 private:
  void swap_places(Reg a, Reg b) {
    Reg at_a = emit_.make_reg(), at_b = emit_.make_reg(), x = emit_.make_reg(),
        y = emit_.make_reg();
    address_.order(at_a, a);
    address_.order(at_b, b);
    emit_.load(Size::u32, x, at_a, 0);
    emit_.load(Size::u32, y, at_b, 0);
    emit_.store(Size::u32, at_a, 0, y);
    emit_.store(Size::u32, at_b, 0, x);
  }

  Reg entry_at(Reg place) {
    Reg entry = emit_.make_reg(), index = emit_.make_reg();
    address_.order(index, place);
    emit_.load(Size::u32, index, index, 0);
    address_.entry(entry, index);
    return entry;
  }

  // To `target` when the entry at place `a` comes before the one at place `b`.
  void jump_if_before(Reg a, Reg b, Label target) {
    Reg entry_a = entry_at(a), entry_b = entry_at(b), x = emit_.make_reg(), y = emit_.make_reg();
    Label no = emit_.make_label();
    emit_.load(Size::u64, x, entry_a, kEntrySort);
    emit_.load(Size::u64, y, entry_b, kEntrySort);
    emit_.jump_if(Jump::ult, x, y, target);
    emit_.jump_if(Jump::ne, x, y, no);
    if (sorts_by_string(area_)) compare_strings(entry_a, entry_b, target, no);
    emit_.load(Size::u64, x, entry_a, kEntryInsertion);
    emit_.load(Size::u64, y, entry_b, kEntryInsertion);
    emit_.jump_if(Jump::ult, x, y, target);
    emit_.label(no);
  }

  void compare_strings(Reg a, Reg b, Label before, Label after) {
    bool by_key = area_.iteration.sort == Sort::key;
    const KeyPart* part = by_key ? &area_.global->key[area_.iteration.key_part] : nullptr;
    bool long_value = !by_key && !is_short_string(area_.global->capacity);
    int32_t offset = by_key ? kEntryKey + part->offset : area_.value + (long_value ? 8 : 0);
    uint32_t bytes = by_key ? part->size : round_up_8(area_.global->capacity);
    Reg last = emit_.make_reg();
    emit_.move_imm(last, bytes / 8 - 1);
    if (long_value) {
      Reg other = emit_.make_reg();
      for (Reg entry : {a, b}) {
        Label shorter = emit_.make_label();
        emit_.load(Size::u64, other, entry, area_.value);
        emit_.alu_imm(Alu::shr, other, 3);
        emit_.jump_if(Jump::uge, other, last, shorter);
        emit_.move(last, other);
        emit_.label(shorter);
      }
      emit_.at_most(last, static_cast<int32_t>(bytes / 8));
    }
    emit_.move(R1, a);
    emit_.alu_imm(Alu::add, R1, offset);
    emit_.move(R2, b);
    emit_.alu_imm(Alu::add, R2, offset);
    emit_.move(R3, last);
    emit_.call_subprogram(library_.index_of(LibraryFunction::compare_words), 3);
    bool descending = area_.iteration.descending;
    emit_.jump_if_imm(descending ? Jump::sgt : Jump::slt, R0, 0, before);
    emit_.jump_if_imm(Jump::ne, R0, 0, after);
  }

  const IterationArea& area_;
  Emitter emit_;
  AreaAddress address_;
  Library& library_;
};

// callback(r1 = round, r2 = &WalkCall): sifts the places that have children, the last first.
void write_heapify(const IterationArea& area, Function& function) {
  function.name = "heapify." + area.global->name;
  Emitter emit(function);
  AreaAddress address(emit, area);
  Reg place = emit.make_reg(), count = emit.make_reg(), round = emit.make_reg(),
      level = emit.make_reg();
  emit.move(round, R1);
  if (area.levels > 1) {
    emit.load(Size::u64, level, R2, offsetof(WalkCall, level));
    address.set_level(level);
  }
  address.field(count, kAreaCount);
  emit.load(Size::u64, count, count, 0);
  emit.move(place, count);
  emit.alu_imm(Alu::shr, place, 1);
  emit.alu_imm(Alu::sub, place, 1);
  emit.alu(Alu::sub, place, round);
  emit.move(R1, place);
  emit.move(R2, count);
  if (area.levels > 1) emit.move(R3, level);
  emit.call_subprogram(area.sift, area.levels > 1 ? 3 : 2);
  emit.move_imm(R0, 0);
  emit.exit();
}

}  // namespace

// ---- addresses --------------------------------------------------------------------------------

void AreaAddress::set_level(Reg level) {
  level_ = emit_.make_reg();
  emit_.at_most(level, static_cast<int32_t>(area_.levels - 1));
  emit_.move(level_, level);
  emit_.alu_imm(Alu::mul, level_, static_cast<int32_t>(area_.bytes));
}

void AreaAddress::field(Reg dst, int32_t offset) const {
  emit_.map_value(dst, area_.map, static_cast<uint32_t>(offset));
  if (!level_) return;
  // Old verifiers forget the bounds of what is spilled.
  Reg level = emit_.make_reg();
  emit_.move(level, level_);
  emit_.at_most(level, static_cast<int32_t>((area_.levels - 1) * area_.bytes));
  emit_.alu(Alu::add, dst, level);
}

void AreaAddress::order(Reg dst, Reg place) const { masked(dst, place, 4, kAreaOrder); }
void AreaAddress::entry(Reg dst, Reg index) const {
  masked(dst, index, area_.stride, area_.entries);
}

void AreaAddress::masked(Reg dst, Reg index, uint32_t stride, uint32_t first) const {
  Reg offset = emit_.make_reg();
  emit_.move(offset, index);
  emit_.alu_imm(Alu::bit_and, offset, static_cast<int32_t>(area_.slots - 1));
  emit_.alu_imm(Alu::mul, offset, static_cast<int32_t>(stride));
  field(dst, static_cast<int32_t>(first));
  emit_.alu(Alu::add, dst, offset);
}

IterationArea plan_area(const GlobalSpec& global, const ir::Iteration& iteration, uint32_t map,
                        uint32_t max_nesting, MapSpec* spec) {
  IterationArea area;
  area.global = &global;
  area.iteration = iteration;
  area.map = map;
  area.slots = std::bit_ceil(std::max(global.max_entries, 2u));
  area.value = static_cast<int32_t>(kEntryKey + round_up_8(global.key_size));
  area.stride = static_cast<uint32_t>(area.value) + value_bytes(global);
  area.entries = round_up_8(kAreaOrder + 4 * area.slots);
  area.bytes = round_up_8(area.entries + area.slots * area.stride);
  area.levels = iteration.nests ? max_nesting + 1 : 1;
  spec->name = fmt::format("it{}_{}", map, global.name).substr(0, 15);
  spec->type = MapSpec::Type::array;
  spec->value_size = area.levels * area.bytes;
  spec->max_entries = 1;
  return area;
}

void make_area_functions(IterationArea& area, const Slice& slice, int32_t temp,
                         std::deque<Function>& functions, Library& library) {
  area.collect = static_cast<uint32_t>(functions.size());
  area.sift = area.collect + 1;
  area.heapify = area.collect + 2;
  functions.resize(functions.size() + 3);
  CollectWriter(area, slice, temp, functions).write();
  SiftWriter(area, functions[area.sift], library).write();
  write_heapify(area, functions[area.heapify]);
}

}  // namespace stapd::bpf
