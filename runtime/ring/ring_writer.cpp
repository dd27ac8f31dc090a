#include "runtime/ring/ring_writer.h"

namespace stapd {

RingWriter::RingWriter(std::byte* control, uint32_t data_size)
    : control_(reinterpret_cast<SegmentControl*>(control)),
      data_(control + kControlSize),
      mask_(data_size - 1) {}

std::span<std::byte> RingWriter::reserve(uint16_t format, uint32_t length) {
  length = padded_to_unit(length);
  if (length < kHeaderSize || length > kMaxRecordSize) {
    count_drop(DropCause::record_too_long);
    return {};
  }
  uint64_t added = head_increment(length);
  uint64_t head = __atomic_add_fetch(&control_->head, added, __ATOMIC_ACQ_REL);
  uint64_t count = head_count(head);
  if (count == 0) {  // the carry went into the units
    length += kUnit;
    __atomic_fetch_add(&control_->epochs, 1, __ATOMIC_RELEASE);
  }
  std::byte* record = data_ + (-(head_units(head) * kUnit) & mask_);
  __atomic_store_n(reinterpret_cast<uint64_t*>(record),
                   record_header(count, kReserved, length, format), __ATOMIC_RELEASE);
  return {record, length};
}

void RingWriter::commit(std::span<std::byte> record, bool truncated) {
  uint8_t flags = truncated ? kCommitted | kTruncated : kCommitted;
  __atomic_store_n(reinterpret_cast<uint8_t*>(record.data() + kFlagsOffset), flags,
                   __ATOMIC_RELEASE);
}

bool RingWriter::write(uint16_t format_number, const RecordFormat& format, uint64_t time,
                       std::span<const RecordValue> values) {
  RecordSize size = measure_record(format, values);
  std::span<std::byte> record = reserve(format_number, size.length);
  if (record.empty()) return false;
  fill_record(record, format, time, values);
  commit(record, size.truncated);
  auto start = static_cast<uint64_t>(record.data() - data_), end = start + record.size();
  if (on_half_ && (start ^ end) & ((uint64_t{mask_} + 1) / 2)) on_half_();
  return true;
}

void RingWriter::count_drop(DropCause cause) {
  __atomic_fetch_add(&control_->dropped[static_cast<uint32_t>(cause)], 1, __ATOMIC_RELAXED);
}

}  // namespace stapd
