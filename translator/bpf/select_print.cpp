// Records: reserve in this CPU's segment of the ring, fill, commit (docs/ring-layout.md).
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/record/record_layout.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Operand;

namespace {

constexpr int kUnitShift = 3;
static_assert(1 << kUnitShift == kUnit);

// Bytes of it lie behind the fixed part.
bool is_behind(const RecordField& field) {
  return field.kind == RecordField::Kind::text || field.kind == RecordField::Kind::memory;
}

}  // namespace

void Selector::select_print(const ir::Instr& instr) {
  const RecordFormat& format = image_.formats[instr.aux];
  emit_record(format, static_cast<uint16_t>(instr.aux), instr.args);
  // Commands are run by somebody who sleeps until he is told.
  if (format.channel == RecordChannel::system) emit_control_event(ControlEvent::system_command);
}

// The time of this invocation: the same in all its records, so that a reader can put them together.
Reg Selector::record_time() {
  Reg time = emit_.make_reg();
  auto take = [&] {
    emit_.call(kKtimeGetBootNs, 0);
    emit_.move(time, R0);
  };
  if (segments_.has_loops()) {
    Label taken = emit_.make_label();
    emit_.load(Size::u64, time, frame_, offsetof(ScratchHeader, time));
    emit_.jump_if_imm(Jump::ne, time, 0, taken);
    take();
    emit_.store(Size::u64, frame_, offsetof(ScratchHeader, time), time);
    emit_.label(taken);
  } else if (print_sites_ > 1) {
    Label taken = emit_.make_label();
    emit_.jump_if_imm(Jump::ne, time_, 0, taken);
    emit_.call(kKtimeGetBootNs, 0);
    emit_.move(time_, R0);
    emit_.label(taken);
    emit_.move(time, time_);
  } else {
    take();
  }
  return time;
}

// Of a program that several probes share: the format in a header is that of the first probe; adding
// this makes it the one of the probe that was hit.
std::optional<Reg> Selector::format_distance() {
  if (!input_.is_shared) return std::nullopt;
  Reg distance = emit_.make_reg();
  emit_.move(R1, context_pointer());
  emit_.call(kGetAttachCookie, 1);
  emit_.move(distance, R0);
  emit_.alu_imm(Alu::shl, distance, kFormatShift);
  return distance;
}

// This CPU's segment, or the daemon's; to `none` when there is none.
Reg Selector::segment_pointer(Label none) {
  int32_t key = transient_stack();
  Reg index = emit_.make_reg(), segment = emit_.make_reg();
  if (input_.for_daemon) {
    emit_.move_relocated(index, Relocation::Kind::daemon_segment);
  } else {
    emit_.call(kGetSmpProcessorId, 0);
    emit_.move(index, R0);
  }
  emit_.store(Size::u32, kFramePointer, key, index);
  emit_.map(R1, kRingMap);
  emit_.move(R2, kFramePointer);
  emit_.alu_imm(Alu::add, R2, key);
  emit_.call(kMapLookupElem, 2);
  emit_.jump_if_imm(Jump::eq, R0, 0, none);
  emit_.move(segment, R0);
  return segment;
}

// The texts of a record: their bytes, how many, and how many with padding.
struct Selector::RecordText {
  StringSource source;
  const RecordField* field;
  Reg bytes, length, padded;
};

std::vector<Selector::RecordText> Selector::measure_texts(const RecordFormat& format,
                                                          const std::vector<Operand>& values) {
  std::vector<RecordText> texts;
  for (size_t i = 0; i < format.fields.size(); ++i) {
    if (!is_behind(format.fields[i])) continue;
    RecordText text;
    text.source = source_of(values[i]);
    text.field = &format.fields[i];
    text.length = length_of(text.source);
    int32_t most = static_cast<int32_t>(text.source.capacity - 1);
    emit_.at_most(text.length, most);
    text.padded = emit_.make_reg();
    emit_.move(text.padded, text.length);
    emit_.alu_imm(Alu::add, text.padded, 7);
    emit_.alu_imm(Alu::bit_and, text.padded, -8);
    text.bytes = bytes_of(text.source);
    texts.push_back(text);
  }
  return texts;
}

// record = reserve(size); header; time; fixed fields; texts; commit. The constant part of the
// header and the head's increment are registers when the size is only known at run time.
void Selector::emit_record(const RecordFormat& format, uint16_t id,
                           const std::vector<Operand>& values) {
  STAPD_CHECK(values.size() == format.fields.size());
  std::vector<RecordText> texts = measure_texts(format, values);
  Label end = emit_.make_label(), too_long = emit_.make_label();
  uint32_t most = format.fixed_size;
  Reg total = emit_.make_reg();
  emit_.move_imm(total, format.fixed_size);
  for (const RecordText& text : texts) {
    emit_.alu(Alu::add, total, text.padded);
    most += round_up_8(text.source.capacity);
  }
  if (most > kMaxRecordSize) emit_.jump_if_imm(Jump::ugt, total, kMaxRecordSize, too_long);
  std::vector<Reg> inputs = field_inputs(format, values);
  Reg time = format.has_time ? record_time() : 0;
  std::optional<Reg> distance = format_distance();
  auto [record, crossing] = texts.empty() ? reserve_fixed(format, id, distance, end)
                                          : reserve_sized(total, id, distance, end);
  if (format.has_time) emit_.store(Size::u64, record, kControlSize + kTimeOffset, time);
  for (size_t i = 0; i < format.fields.size(); ++i)
    if (!is_behind(format.fields[i])) store_field(record, format.fields[i], values[i], inputs[i]);
  copy_texts(format, record, texts);
  emit_.store_imm(Size::u8, record, kControlSize + kFlagsOffset, kCommitted);
  if (crossing) ring_doorbell(*crossing);
  emit_.label(end);
  if (most > kMaxRecordSize)
    cold([=, this] {
      emit_.label(too_long);
      emit_count_drop(DropCause::record_too_long);
      emit_.jump(end);
    });
}

Selector::Reserved Selector::reserve_fixed(const RecordFormat& format, uint16_t id,
                                           std::optional<Reg> distance, Label none) {
  Reg increment = emit_.make_reg(), header = emit_.make_reg();
  Reg segment = segment_pointer(none);
  emit_.move_imm(increment, static_cast<int64_t>(head_increment(format.fixed_size)));
  emit_.move_imm(header, static_cast<int64_t>(record_header(0, kReserved, format.fixed_size, id)));
  if (distance) emit_.alu(Alu::add, header, *distance);
  return reserve(segment, increment, header);
}

Selector::Reserved Selector::reserve_sized(Reg total, uint16_t id, std::optional<Reg> distance,
                                           Label none) {
  Reg increment = emit_.make_reg(), header = emit_.make_reg(), constant = emit_.make_reg();
  Reg segment = segment_pointer(none);
  emit_.move(increment, total);
  emit_.alu_imm(Alu::shl, increment, kCountBits - kUnitShift);
  emit_.alu_imm(Alu::add, increment, 1);
  emit_.move(header, total);
  emit_.alu_imm(Alu::shl, header, kLengthShift - kUnitShift);
  emit_.move_imm(constant, static_cast<int64_t>(record_header(0, kReserved, 0, id)));
  emit_.alu(Alu::bit_or, header, constant);
  if (distance) emit_.alu(Alu::add, header, *distance);
  return reserve(segment, increment, header);
}

// head += increment, atomically; the header of the record at the new position is written.
Selector::Reserved Selector::reserve(Reg segment, Reg increment, Reg header) {
  Reg head = emit_.make_reg(), count = emit_.make_reg(), offset = emit_.make_reg(),
      record = emit_.make_reg();
  Label wrapped = emit_.make_label(), numbered = emit_.make_label();
  emit_.move(head, increment);
  emit_.atomic_fetch_add(segment, offsetof(SegmentControl, head), head);
  std::optional<Reg> crossing;
  if (image_.doorbell) emit_.move(crossing.emplace(emit_.make_reg()), head);
  emit_.alu(Alu::add, head, increment);
  if (crossing) {
    emit_.alu(Alu::bit_xor, *crossing, head);
    emit_.alu_imm(Alu::shr, *crossing, kCountBits);
    emit_.and_relocated(*crossing, Relocation::Kind::ring_half);
  }
  emit_.move(count, head);
  emit_.alu_imm(Alu::bit_and, count, kCountMask);
  emit_.jump_if_imm(Jump::eq, count, 0, wrapped);
  emit_.label(numbered);
  emit_.alu(Alu::bit_or, header, count);
  emit_.move(offset, head);
  emit_.alu_imm(Alu::shr, offset, kCountBits);
  emit_.alu_imm(Alu::shl, offset, kUnitShift);
  emit_.negate(offset);
  emit_.and_relocated(offset, Relocation::Kind::ring_mask);
  emit_.move(record, segment);
  emit_.alu(Alu::add, record, offset);
  emit_.store(Size::u64, record, kControlSize, header);
  // The count came round: this record is one unit longer (docs/ring-layout.md).
  cold([=, this] {
    Reg one = emit_.make_reg();
    emit_.label(wrapped);
    emit_.move_imm(one, 1);
    emit_.atomic_add(segment, offsetof(SegmentControl, epochs), one);
    emit_.move_imm(one, int64_t{1} << kLengthShift);
    emit_.alu(Alu::add, header, one);
    emit_.jump(numbered);
  });
  return {record, crossing};
}

// When the record is committed: so long as a call takes, nothing waits for it.
void Selector::ring_doorbell(Reg crossing) {
  Label crossed = emit_.make_label(), rung = emit_.make_label();
  emit_.jump_if_imm(Jump::ne, crossing, 0, crossed);
  emit_.label(rung);
  cold([=, this] {
    int32_t event = transient_stack();
    emit_.label(crossed);
    emit_.store_imm(Size::u64, kFramePointer, event, 0);
    emit_.map(R1, *image_.doorbell);
    emit_.move(R2, kFramePointer);
    emit_.alu_imm(Alu::add, R2, event);
    emit_.move_imm(R3, sizeof(uint64_t));
    emit_.move_imm(R4, 0);
    emit_.call(kRingbufOutput, 4);
    emit_.jump(rung);
  });
}

// What the fields need is fetched before the reserve, so that nothing is called between reserve and
// commit where it can be helped.
std::vector<Reg> Selector::field_inputs(const RecordFormat& format,
                                        const std::vector<Operand>& values) {
  std::vector<Reg> inputs(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i].kind == Operand::Kind::reg &&
        plan_.memory_regs[values[i].value] == FramePlan::kInRegister &&
        !is_behind(format.fields[i]))
      inputs[i] = use(values[i]);
  return inputs;
}

void Selector::store_field(Reg record, const RecordField& field, const Operand& value, Reg input) {
  int32_t at = kControlSize + field.offset;
  switch (field.kind) {
    case RecordField::Kind::signed_integer:
    case RecordField::Kind::unsigned_integer:
      emit_.store(size_of_bytes(field.size), record, at, input ? input : use(value));
      return;
    case RecordField::Kind::chars: {
      StringSource source = source_of(value);
      write_string_form(record, at, field.size, source);
      return;
    }
    case RecordField::Kind::buckets: {
      const StatisticShape& shape = image_.globals[function_.stats[value.value]].statistic;
      copy_block(record, at, frame_,
                 plan_.stats[value.value] + static_cast<int32_t>(stat_buckets_offset(shape)),
                 field.size);
      return;
    }
    case RecordField::Kind::text:
    case RecordField::Kind::memory:
      return;
  }
}

// Lengths into the fixed part, bytes behind it one after the other.
void Selector::copy_texts(const RecordFormat& format, Reg record,
                          const std::vector<RecordText>& texts) {
  Reg position = emit_.make_reg();
  if (!texts.empty()) emit_.move(position, record);
  Reg behind = emit_.make_reg();
  emit_.move_imm(behind, 0);
  for (size_t i = 0; i < texts.size(); ++i) {
    const RecordText& text = texts[i];
    emit_.store(Size::u16, record, kControlSize + text.field->offset, text.length);
    Reg to = emit_.make_reg();
    if (i > 0) {
      int32_t most = static_cast<int32_t>(kSlackSize - kMaxRecordSize);
      if (format.fixed_size + text.source.capacity > kSlackSize - kMaxRecordSize)
        most = static_cast<int32_t>(kSlackSize - format.fixed_size - text.source.capacity);
      emit_.at_most(behind, most);
    }
    emit_.move(to, record);
    emit_.alu(Alu::add, to, behind);
    Reg size = emit_.make_reg();
    emit_.move(size, text.length);
    int32_t most = static_cast<int32_t>(text.source.capacity - 1);
    emit_.at_most(size, most);
    emit_.move(R1, to);
    emit_.alu_imm(Alu::add, R1, kControlSize + format.fixed_size);
    emit_.move(R2, size);
    emit_.move(R3, text.bytes);
    emit_.call(kProbeReadKernel, 3);
    if (i + 1 < texts.size()) emit_.alu(Alu::add, behind, text.padded);
  }
}

}  // namespace stapd::bpf
