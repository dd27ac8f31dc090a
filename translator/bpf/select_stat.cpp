// Statistics: one value a CPU, updated without a lock, merged when read.
#include <cerrno>

#include "runtime/base/check.h"
#include "translator/bpf/element_statistic.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::StatField;

// A value that only one program updates cannot be updated twice at a time on one CPU: the kernel
// does not run a program inside itself.
bool Selector::updates_race(const GlobalSpec& global) const {
  size_t index = static_cast<size_t>(&global - image_.globals.data());
  return input_.contended[index];
}

// r0 = this CPU's value of a scalar statistic, or 0.
void Selector::lookup_scalar_statistic(const GlobalSpec& global) {
  int32_t key = transient_stack();
  emit_.store_imm(Size::u64, kFramePointer, key, 0);
  emit_.map(R1, global.map);
  emit_.move(R2, kFramePointer);
  emit_.alu_imm(Alu::add, R2, key);
  emit_.call(kMapLookupElem, 2);
}

void Selector::select_stat_add(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  Reg sample = use(instr.args[0]), value = emit_.make_reg(), status = emit_.make_reg();
  Label absent = emit_.make_label(), update = emit_.make_label(), end = emit_.make_label();
  if (global.is_array) {
    build_key(global, instr.args, 1);
    lookup(global.map, plan_.temp);
  } else {
    lookup_scalar_statistic(global);
  }
  emit_.jump_if_imm(Jump::eq, R0, 0, absent);
  emit_.move(value, R0);
  emit_.label(update);
  update_statistic(global, value, sample);
  emit_.move_imm(status, 0);
  emit_.label(end);
  set(instr.dst[0], status);
  cold([=, this, &global] {
    Label failed = emit_.make_label();
    emit_.label(absent);
    if (global.is_array) {
      insert_statistic(global, failed);
      emit_.move(value, R0);
      number_statistic(global, value);
      emit_.jump(update);
    }
    emit_.label(failed);
    emit_.move_imm(status, 1);
    emit_.jump(end);
  });
}

// A new element of zeros under the key at plan_.temp, unless another CPU was first; r0 = its value.
void Selector::insert_statistic(const GlobalSpec& global, Label failed) {
  auto update = [&] {
    emit_.map(R1, global.map);
    frame_address(R2, plan_.temp);
    emit_.map_value(R3, kDataMap, data_.zeros(stat_value_size(global.statistic)));
    emit_.move_imm(R4, BPF_NOEXIST);
    call_update();
  };
  update();
  if (global.wrap) {
    Label inserted = emit_.make_label();
    emit_.jump_if_imm(Jump::ne, R0, -E2BIG, inserted);
    emit_.call_subprogram(eviction_of(global), 0);
    update();
    emit_.label(inserted);
  }
  lookup(global.map, plan_.temp);
  emit_.jump_if_imm(Jump::eq, R0, 0, failed);
}

void Selector::number_statistic(const GlobalSpec& global, Reg value) {
  Reg number = emit_.make_reg();
  next_insertion(global, number);
  emit_.store(Size::u64, value, 0, number);
  if (global.wrap) note_insertion(global, number);
}

void Selector::add_to(Reg base, int32_t offset, Reg summand, bool race) {
  if (race) return emit_.atomic_add(base, offset, summand);
  Reg sum = emit_.make_reg();
  emit_.load(Size::u64, sum, base, offset);
  emit_.alu(Alu::add, sum, summand);
  emit_.store(Size::u64, base, offset, sum);
}

// count, sum, min, max; variance and buckets where they are kept. With a race, count, sum and
// buckets stay exact; an extreme value can get lost to one that interrupts it.
void Selector::update_statistic(const GlobalSpec& global, Reg value, Reg sample) {
  const StatisticShape& shape = global.statistic;
  bool race = updates_race(global);
  Reg count = emit_.make_reg(), bound = emit_.make_reg(), one = emit_.make_reg();
  Label first = emit_.make_label(), not_less = emit_.make_label(), done = emit_.make_label();
  emit_.load(Size::u64, count, value, kStatCount);
  emit_.jump_if_imm(Jump::eq, count, 0, first);
  emit_.load(Size::u64, bound, value, kStatMin);
  emit_.jump_if(Jump::sge, sample, bound, not_less);
  emit_.store(Size::u64, value, kStatMin, sample);
  emit_.label(not_less);
  emit_.load(Size::u64, bound, value, kStatMax);
  emit_.jump_if(Jump::sle, sample, bound, done);
  emit_.store(Size::u64, value, kStatMax, sample);
  emit_.label(done);
  if (race) {
    emit_.move_imm(one, 1);
    emit_.atomic_add(value, kStatCount, one);
  } else {
    emit_.alu_imm(Alu::add, count, 1);
    emit_.store(Size::u64, value, kStatCount, count);
  }
  add_to(value, kStatSum, sample, race);
  if (shape.variance) update_variance(shape, value, sample);
  if (shape.histogram) count_bucket(shape, value, sample, race);
  cold([=, this] {
    emit_.label(first);
    emit_.store(Size::u64, value, kStatMin, sample);
    emit_.store(Size::u64, value, kStatMax, sample);
    emit_.jump(done);
  });
}

// Welford's method on integers, shifted left by the declared bits:
//   delta = s - mean;  mean += delta / count;  m2 += delta * (s - mean)
void Selector::update_variance(const StatisticShape& shape, Reg value, Reg sample) {
  Reg shifted = emit_.make_reg(), mean = emit_.make_reg(), delta = emit_.make_reg(),
      step = emit_.make_reg(), count = emit_.make_reg();
  Label later = emit_.make_label(), end = emit_.make_label();
  emit_.move(shifted, sample);
  emit_.alu_imm(Alu::shl, shifted, shape.bit_shift);
  emit_.load(Size::u64, count, value, kStatCount);
  emit_.jump_if_imm(Jump::ne, count, 1, later);
  emit_.store(Size::u64, value, kStatMean, shifted);
  emit_.jump(end);
  emit_.label(later);
  emit_.load(Size::u64, mean, value, kStatMean);
  emit_.move(delta, shifted);
  emit_.alu(Alu::sub, delta, mean);
  emit_.move(step, delta);
  divide_signed(emit_, step, count);
  emit_.alu(Alu::add, mean, step);
  emit_.store(Size::u64, value, kStatMean, mean);
  emit_.alu(Alu::sub, shifted, mean);
  emit_.alu(Alu::mul, delta, shifted);
  add_to(value, kStatM2, delta, false);
  emit_.label(end);
}

void Selector::count_bucket(const StatisticShape& shape, Reg value, Reg sample, bool race) {
  Reg bucket = emit_.make_reg(), at = emit_.make_reg(), one = emit_.make_reg();
  if (shape.histogram->linear)
    linear_bucket(*shape.histogram, bucket, sample);
  else
    log_bucket(bucket, sample);
  // The verifier knows the bound from this mask or compare, not from how the number was made.
  int32_t last = static_cast<int32_t>(shape.histogram->buckets - 1);
  emit_.at_most(bucket, last);
  emit_.alu_imm(Alu::shl, bucket, 3);
  emit_.move(at, value);
  emit_.alu(Alu::add, at, bucket);
  emit_.move_imm(one, 1);
  add_to(at, static_cast<int32_t>(stat_buckets_offset(shape)), one, race);
}

// kLogZeroBucket, plus the number of significant bits of a positive sample, minus those of a
// negative one.
void Selector::log_bucket(Reg bucket, Reg sample) {
  Reg rest = emit_.make_reg(), high = emit_.make_reg();
  Label positive = emit_.make_label(), counted = emit_.make_label(), end = emit_.make_label();
  emit_.move(rest, sample);
  emit_.move_imm(bucket, 0);
  emit_.jump_if_imm(Jump::sge, sample, 0, positive);
  emit_.negate(rest);
  emit_.label(positive);
  for (int bits : {32, 16, 8, 4, 2, 1}) {
    Label low = emit_.make_label();
    emit_.move(high, rest);
    emit_.alu_imm(Alu::shr, high, bits);
    emit_.jump_if_imm(Jump::eq, high, 0, low);
    emit_.alu_imm(Alu::add, bucket, bits);
    emit_.move(rest, high);
    emit_.label(low);
  }
  emit_.alu(Alu::add, bucket, rest);  // the last bit
  emit_.jump_if_imm(Jump::sge, sample, 0, counted);
  emit_.negate(bucket);
  emit_.label(counted);
  emit_.alu_imm(Alu::add, bucket, kLogZeroBucket);
  emit_.label(end);
}

void Selector::linear_bucket(const HistogramShape& histogram, Reg bucket, Reg sample) {
  Reg width = emit_.make_reg(), start = emit_.make_reg();
  Label inside = emit_.make_label(), end = emit_.make_label();
  emit_.move_imm(start, histogram.start);
  emit_.move(bucket, sample);
  emit_.jump_if(Jump::sge, sample, start, inside);
  emit_.move_imm(bucket, 0);
  emit_.jump(end);
  emit_.label(inside);
  emit_.alu(Alu::sub, bucket, start);
  emit_.move_imm(width, histogram.width);
  emit_.alu(Alu::div, bucket, width);
  emit_.alu_imm(Alu::add, bucket, 1);
  emit_.label(end);
}

// for each possible CPU: merge(cpu, {context, frame})
void Selector::select_stat_read(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  int32_t to = plan_.stats[instr.dst[0].value];
  uint32_t size = stat_value_size(global.statistic);
  if (size <= 128) {
    zero_words(frame_, to, size);
  } else {
    Reg zeros = emit_.make_reg();
    emit_.map_value(zeros, kDataMap, data_.zeros(size));
    copy_block(frame_, to, zeros, 0, size);
  }
  if (global.is_array) {
    build_key(global, instr.args, 0);
  } else {
    emit_.store_imm(Size::u64, frame_, plan_.temp, 0);
  }
  uint32_t index = make_merge(global, to);
  int32_t call = transient_stack();
  emit_.store(Size::u64, kFramePointer, call, frame_);
  emit_.move_relocated(R1, Relocation::Kind::possible_cpus);
  emit_.subprogram_address(R2, index);
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
  if (global.statistic.variance) merge_variance(global, to, call);
}

// Behind the first pass: the mean of all in the slot, then over the CPUs again, then
//   m2 = sum / (count - 1) >> 2 * shift
void Selector::merge_variance(const GlobalSpec& global, int32_t to, int32_t call) {
  Reg count = emit_.make_reg(), value = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.load(Size::u64, count, frame_, to + kStatCount);
  emit_.jump_if_imm(Jump::sle, count, 1, end);
  emit_.load(Size::u64, value, frame_, to + kStatSum);
  emit_.alu_imm(Alu::shl, value, global.statistic.bit_shift);
  divide_signed(emit_, value, count);
  emit_.store(Size::u64, frame_, to + kStatMean, value);
  emit_.store_imm(Size::u64, frame_, to + kStatM2, 0);
  emit_.move_relocated(R1, Relocation::Kind::possible_cpus);
  emit_.subprogram_address(R2, make_variance(global, to));
  emit_.move(R3, kFramePointer);
  emit_.alu_imm(Alu::add, R3, call);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
  emit_.load(Size::u64, value, frame_, to + kStatM2);
  emit_.load(Size::u64, count, frame_, to + kStatCount);
  emit_.alu_imm(Alu::sub, count, 1);
  divide_signed(emit_, value, count);
  emit_.alu_imm(Alu::sar, value, 2 * global.statistic.bit_shift);
  emit_.store(Size::u64, frame_, to + kStatM2, value);
  emit_.label(end);
}

// callback(r1 = cpu, r2 = &frame): adds to the slot's m2. The kernel may run this with the value of
// a CPU that is being updated; so may SystemTap.
uint32_t Selector::make_variance(const GlobalSpec& global, int32_t to) {
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  Function& callback = functions_.back();
  callback.name = "variance." + global.name;
  Emitter emit(callback);
  Reg frame = emit.make_reg(), value = emit.make_reg(), count = emit.make_reg(),
      sum = emit.make_reg(), mean = emit.make_reg();
  Label none = emit.make_label();
  lookup_cpu_value(emit, global, frame, value, none);
  emit.load(Size::u64, count, value, kStatCount);
  emit.jump_if_imm(Jump::sle, count, 0, none);
  emit.load(Size::u64, sum, frame, to + kStatM2);
  emit.load(Size::u64, mean, frame, to + kStatMean);
  add_squares(emit, sum, value, count, mean);
  emit.store(Size::u64, frame, to + kStatM2, sum);
  emit.label(none);
  emit.move_imm(R0, 0);
  emit.exit();
  return index;
}

// At the start of callback(r1 = cpu, r2 = &frame): the CPU's value of the key at the frame's temp.
void Selector::lookup_cpu_value(Emitter& emit, const GlobalSpec& global, Reg frame, Reg value,
                                Label none) {
  Reg cpu = emit.make_reg();
  emit.move(cpu, R1);
  emit.load(Size::u64, frame, R2, 0);
  emit.map(R1, global.map);
  emit.move(R2, frame);
  emit.alu_imm(Alu::add, R2, plan_.temp);
  emit.move(R3, cpu);
  emit.call(kMapLookupPercpuElem, 3);
  emit.jump_if_imm(Jump::eq, R0, 0, none);
  emit.move(value, R0);
}

// callback(r1 = cpu, r2 = &frame): adds the CPU's value to the statistic slot.
uint32_t Selector::make_merge(const GlobalSpec& global, int32_t to) {
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  Function& callback = functions_.back();
  callback.name = "merge." + global.name;
  Emitter emit(callback);
  Reg frame = emit.make_reg(), value = emit.make_reg(), a = emit.make_reg(), b = emit.make_reg(),
      count = emit.make_reg();
  Label none = emit.make_label(), first = emit.make_label(), sums = emit.make_label();
  lookup_cpu_value(emit, global, frame, value, none);
  emit.load(Size::u64, count, value, kStatCount);
  emit.jump_if_imm(Jump::eq, count, 0, none);
  emit.load(Size::u64, a, frame, to + kStatCount);
  emit.jump_if_imm(Jump::eq, a, 0, first);
  for (auto [offset, keep] : {std::pair{kStatMin, Jump::sge}, std::pair{kStatMax, Jump::sle}}) {
    Label kept = emit.make_label();
    emit.load(Size::u64, a, value, offset);
    emit.load(Size::u64, b, frame, to + offset);
    emit.jump_if(keep, a, b, kept);
    emit.store(Size::u64, frame, to + offset, a);
    emit.label(kept);
  }
  emit.jump(sums);
  emit.label(first);
  for (uint32_t offset : {kStatMin, kStatMax}) {
    emit.load(Size::u64, a, value, offset);
    emit.store(Size::u64, frame, to + offset, a);
  }
  emit.label(sums);
  auto sum = [&](uint32_t offset) {
    emit.load(Size::u64, a, value, offset);
    emit.load(Size::u64, b, frame, to + offset);
    emit.alu(Alu::add, a, b);
    emit.store(Size::u64, frame, to + offset, a);
  };
  sum(kStatCount);
  sum(kStatSum);
  uint32_t buckets = stat_buckets_offset(global.statistic);
  for (uint32_t at = buckets; at < stat_value_size(global.statistic); at += 8) sum(at);
  emit.label(none);
  emit.move_imm(R0, 0);
  emit.exit();
  return index;
}

void Selector::select_stat_field(const ir::Instr& instr) {
  const ir::Operand& slot = instr.args[0];
  int32_t from = plan_.stats[slot.value];
  const StatisticShape& shape = image_.globals[function_.stats[slot.value]].statistic;
  Reg value = emit_.make_reg();
  switch (static_cast<StatField>(instr.sub)) {
    case StatField::count:
      emit_.load(Size::u64, value, frame_, from + kStatCount);
      break;
    case StatField::sum:
      emit_.load(Size::u64, value, frame_, from + kStatSum);
      break;
    case StatField::min:
      emit_.load(Size::u64, value, frame_, from + kStatMin);
      break;
    case StatField::max:
      emit_.load(Size::u64, value, frame_, from + kStatMax);
      break;
    case StatField::average: {
      Reg count = emit_.make_reg();
      emit_.load(Size::u64, value, frame_, from + kStatSum);
      emit_.load(Size::u64, count, frame_, from + kStatCount);
      divide_signed(emit_, value, count);
      break;
    }
    case StatField::variance:
      emit_.load(Size::u64, value, frame_, from + kStatM2);
      break;
    case StatField::bucket: {
      Reg index = copy_of(instr.args[1]), at = emit_.make_reg();
      Label end = emit_.make_label();
      emit_.move_imm(value, 0);
      emit_.jump_if_imm(Jump::uge, index, static_cast<int32_t>(shape.histogram->buckets), end);
      emit_.at_most(index, static_cast<int32_t>(shape.histogram->buckets - 1));
      emit_.alu_imm(Alu::shl, index, 3);
      frame_address(at, from + static_cast<int32_t>(stat_buckets_offset(shape)));
      emit_.alu(Alu::add, at, index);
      emit_.load(Size::u64, value, at, 0);
      emit_.label(end);
      break;
    }
  }
  set(instr.dst[0], value);
}

void Selector::clear_statistic(const GlobalSpec& global) {
  STAPD_CHECK(!global.is_array);
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  Function& callback = functions_.back();
  callback.name = "clear." + global.name;
  callback.stack_bytes = 8;
  Emitter emit(callback);
  Reg cpu = emit.make_reg();
  Label none = emit.make_label();
  emit.move(cpu, R1);
  emit.store_imm(Size::u64, kFramePointer, -8, 0);
  emit.map(R1, global.map);
  emit.move(R2, kFramePointer);
  emit.alu_imm(Alu::add, R2, -8);
  emit.move(R3, cpu);
  emit.call(kMapLookupPercpuElem, 3);
  emit.jump_if_imm(Jump::eq, R0, 0, none);
  Reg value = emit.make_reg();
  emit.move(value, R0);
  for (uint32_t at = 8; at < stat_value_size(global.statistic); at += 8)
    emit.store_imm(Size::u64, value, static_cast<int32_t>(at), 0);
  emit.label(none);
  emit.move_imm(R0, 0);
  emit.exit();
  emit_.move_relocated(R1, Relocation::Kind::possible_cpus);
  emit_.subprogram_address(R2, index);
  emit_.move_imm(R3, 0);
  emit_.move_imm(R4, 0);
  emit_.call(kLoop, 4);
}

}  // namespace stapd::bpf
