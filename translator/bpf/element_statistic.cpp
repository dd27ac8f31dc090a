#include "translator/bpf/element_statistic.h"

#include <tuple>

#include "runtime/image/map_layout.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {
namespace {

using Sort = ir::Iteration::Sort;

// In the stack of the walking function, whose callbacks get the lowest address.
constexpr int32_t kKey = -8, kInsertion = -16, kCount = -24, kSum = -32, kMin = -40, kMax = -48,
                  kMean = -56, kM2 = -64;
constexpr uint32_t kStackBytes = 64;
constexpr int32_t at(int32_t offset) { return offset + static_cast<int32_t>(kStackBytes); }

}  // namespace

void ElementStatistic::merge(Reg key, bool with_variance) {
  uint32_t sums = make_sums();
  function_.stack_bytes = kStackBytes;
  emit_.store(Size::u64, kFramePointer, kKey, key);
  for (int32_t to : {kInsertion, kCount, kSum, kMin, kMax, kMean, kM2})
    emit_.store_imm(Size::u64, kFramePointer, to, 0);
  call_for_cpus(sums);
  if (with_variance) finish_variance();
}

void ElementStatistic::call_for_cpus(uint32_t callback) {
  emit_.move_relocated(R1, Relocation::Kind::possible_cpus);
  emit_.subprogram_address(R2, callback);
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, -static_cast<int32_t>(kStackBytes));
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
}

// As of a statistic that is read: see Selector::merge_variance().
void ElementStatistic::finish_variance() {
  Reg count = emit_.make_reg(), value = emit_.make_reg();
  Label end = emit_.make_label();
  uint32_t squares = make_squares();
  emit_.load(Size::u64, count, kFramePointer, kCount);
  emit_.jump_if_imm(Jump::sle, count, 1, end);
  emit_.load(Size::u64, value, kFramePointer, kSum);
  emit_.alu_imm(Alu::shl, value, global_.statistic.bit_shift);
  divide_signed(emit_, value, count);
  emit_.store(Size::u64, kFramePointer, kMean, value);
  call_for_cpus(squares);
  emit_.load(Size::u64, count, kFramePointer, kCount);
  emit_.load(Size::u64, value, kFramePointer, kM2);
  emit_.alu_imm(Alu::sub, count, 1);
  divide_signed(emit_, value, count);
  emit_.alu_imm(Alu::sar, value, 2 * global_.statistic.bit_shift);
  emit_.store(Size::u64, kFramePointer, kM2, value);
  emit_.label(end);
}

// At the start of callback(r1 = cpu, r2 = call): the value of the CPU r1.
Reg ElementStatistic::lookup(Emitter& emit, Reg call, Label none) {
  Reg cpu = emit.make_reg(), key = emit.make_reg(), value = emit.make_reg();
  emit.move(cpu, R1);
  emit.move(call, R2);
  emit.load(Size::u64, key, call, at(kKey));
  emit.map(R1, global_.map);
  emit.move(R2, key);
  emit.move(R3, cpu);
  emit.call(kMapLookupPercpuElem, 3);
  emit.jump_if_imm(Jump::eq, R0, 0, none);
  emit.move(value, R0);
  return value;
}

uint32_t ElementStatistic::make_sums() {
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  functions_.back().name = "sum." + global_.name;
  Emitter emit(functions_.back());
  Reg call = emit.make_reg(), a = emit.make_reg(), b = emit.make_reg();
  Label none = emit.make_label(), first = emit.make_label(), sums = emit.make_label(),
        inserted = emit.make_label();
  Reg value = lookup(emit, call, none);
  emit.load(Size::u64, a, value, 0);
  emit.load(Size::u64, b, call, at(kInsertion));
  emit.jump_if(Jump::ule, a, b, inserted);
  emit.store(Size::u64, call, at(kInsertion), a);
  emit.label(inserted);
  emit.load(Size::u64, a, value, kStatCount);
  emit.jump_if_imm(Jump::eq, a, 0, none);
  emit.load(Size::u64, b, call, at(kCount));
  emit.jump_if_imm(Jump::eq, b, 0, first);
  for (auto [from, to, keep] :
       {std::tuple{kStatMin, kMin, Jump::sge}, std::tuple{kStatMax, kMax, Jump::sle}}) {
    Label kept = emit.make_label();
    emit.load(Size::u64, a, value, static_cast<int32_t>(from));
    emit.load(Size::u64, b, call, at(to));
    emit.jump_if(keep, a, b, kept);
    emit.store(Size::u64, call, at(to), a);
    emit.label(kept);
  }
  emit.jump(sums);
  emit.label(first);
  for (auto [from, to] : {std::pair{kStatMin, kMin}, std::pair{kStatMax, kMax}}) {
    emit.load(Size::u64, a, value, static_cast<int32_t>(from));
    emit.store(Size::u64, call, at(to), a);
  }
  emit.label(sums);
  for (auto [from, to] : {std::pair{kStatCount, kCount}, std::pair{kStatSum, kSum}}) {
    emit.load(Size::u64, a, value, static_cast<int32_t>(from));
    emit.load(Size::u64, b, call, at(to));
    emit.alu(Alu::add, a, b);
    emit.store(Size::u64, call, at(to), a);
  }
  emit.label(none);
  emit.move_imm(R0, 0);
  emit.exit();
  return index;
}

uint32_t ElementStatistic::make_squares() {
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  functions_.back().name = "variance." + global_.name;
  Emitter emit(functions_.back());
  Reg call = emit.make_reg(), count = emit.make_reg(), sum = emit.make_reg(),
      mean = emit.make_reg();
  Label none = emit.make_label();
  Reg value = lookup(emit, call, none);
  emit.load(Size::u64, count, value, kStatCount);
  emit.jump_if_imm(Jump::sle, count, 0, none);
  emit.load(Size::u64, mean, call, at(kMean));
  emit.load(Size::u64, sum, call, at(kM2));
  add_squares(emit, sum, value, count, mean);
  emit.store(Size::u64, call, at(kM2), sum);
  emit.label(none);
  emit.move_imm(R0, 0);
  emit.exit();
  return index;
}

void ElementStatistic::load_insertion(Reg to) {
  emit_.load(Size::u64, to, kFramePointer, kInsertion);
}

void ElementStatistic::load(Sort what, Reg to) {
  switch (what) {
    case Sort::sum:
      return emit_.load(Size::u64, to, kFramePointer, kSum);
    case Sort::min:
      return emit_.load(Size::u64, to, kFramePointer, kMin);
    case Sort::max:
      return emit_.load(Size::u64, to, kFramePointer, kMax);
    case Sort::average:
      return load_average(to);
    case Sort::variance:
      return emit_.load(Size::u64, to, kFramePointer, kM2);
    default:
      return emit_.load(Size::u64, to, kFramePointer, kCount);
  }
}

void ElementStatistic::load_average(Reg to) {
  Reg count = emit_.make_reg();
  Label empty = emit_.make_label();
  emit_.load(Size::u64, to, kFramePointer, kSum);
  emit_.load(Size::u64, count, kFramePointer, kCount);
  emit_.jump_if_imm(Jump::eq, count, 0, empty);
  divide_signed(emit_, to, count);
  emit_.label(empty);
}

void divide_signed(Emitter& emit, Reg value, Reg divisor) {
  Reg sign = emit.make_reg();
  Label positive = emit.make_label(), end = emit.make_label();
  emit.move(sign, value);
  emit.jump_if_imm(Jump::sge, value, 0, positive);
  emit.negate(value);
  emit.label(positive);
  emit.alu(Alu::div, value, divisor);
  emit.jump_if_imm(Jump::sge, sign, 0, end);
  emit.negate(value);
  emit.label(end);
}

void add_squares(Emitter& emit, Reg sum, Reg value, Reg count, Reg mean) {
  Reg term = emit.make_reg();
  Label single = emit.make_label();
  emit.load(Size::u64, term, value, kStatMean);
  emit.alu(Alu::sub, term, mean);
  emit.alu(Alu::mul, term, term);
  emit.alu(Alu::mul, term, count);
  emit.alu(Alu::add, sum, term);
  emit.alu_imm(Alu::sub, count, 1);
  emit.jump_if_imm(Jump::eq, count, 0, single);
  emit.load(Size::u64, term, value, kStatM2);
  divide_signed(emit, term, count);
  emit.alu(Alu::mul, term, count);
  emit.alu(Alu::add, sum, term);
  emit.label(single);
}

}  // namespace stapd::bpf
