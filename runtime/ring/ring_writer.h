// Writes records into a segment from user space: the daemon's handlers, tests, and any program
// that maps a ring. Safe between threads, processes and signal handlers; takes no lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "runtime/record/record_builder.h"
#include "runtime/ring/segment.h"

namespace stapd {

class RingWriter {
 public:
  // `control` is the first byte of the segment, mapped writable; borrowed.
  RingWriter(std::byte* control, uint32_t data_size);

  // A record of `length` bytes (rounded up to 8): the header is in place, the rest is the caller's
  // to fill. Empty, and counted, when the record is too long. A reserved record must be committed.
  std::span<std::byte> reserve(uint16_t format, uint32_t length);
  void commit(std::span<std::byte> record, bool truncated = false);

  // Reserve, fill, commit. False, and counted, when it is too long.
  bool write(uint16_t format_number, const RecordFormat& format, uint64_t time,
             std::span<const RecordValue> values);

  void count_drop(DropCause cause);

  // Called by write() when its record has crossed half of the segment.
  void on_half(std::function<void()> f) { on_half_ = std::move(f); }

 private:
  SegmentControl* control_;
  std::byte* data_;
  uint32_t mask_;
  std::function<void()> on_half_;
};

}  // namespace stapd
