// Where everything is in a segment of the ring and in a record. The prose is docs/ring-layout.md.
// The BPF code generator, the VM and the reader all take their offsets from here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stapd {

// ---- segment ----------------------------------------------------------------------------------
constexpr uint32_t kControlSize = 4096;
constexpr uint32_t kSlackSize = 16384;
constexpr uint32_t kMinSegmentSize = 64u << 10;
constexpr uint32_t kMaxSegmentSize = 128u << 20;
// Half of the slack: the verifier adds up the bounds of a text's position and of its length.
constexpr uint32_t kMaxRecordSize = kSlackSize / 2;

constexpr uint32_t segment_value_size(uint32_t segment_size) {
  return kControlSize + segment_size + kSlackSize;
}

// Why something was not recorded. Append only: the number is the index of a counter in the control
// page, and recordings carry these counters.
enum class DropCause : uint32_t {
  record_too_long = 0,
  nested_too_deep = 1,   // a handler found no free scratch frame on its CPU
  lock_timeout = 2,      // a handler did not get the locks of its globals
  action_limit = 3,      // MAXACTION
  interrupted_self = 4,  // filled in by the reader from the kernel's recursion_misses
};
constexpr uint32_t kDropCauses = 5;

// The first bytes of a segment. Counters are added to atomically.
struct SegmentControl {
  uint64_t head;
  uint64_t epochs;                // how often head's count wrapped
  uint64_t dropped[kDropCauses];  // by DropCause
  uint64_t untaken;               // in a snapshot: bytes at the old end that it does not have
  uint64_t reserved_[8];
  uint64_t half_mark;  // file mode: units at the last notification
};
static_assert(offsetof(SegmentControl, dropped) == 16);
static_assert(offsetof(SegmentControl, untaken) == 56);
static_assert(offsetof(SegmentControl, half_mark) == 128);

// ---- head word --------------------------------------------------------------------------------
constexpr uint32_t kCountBits = 24;
constexpr uint64_t kCountMask = (1ull << kCountBits) - 1;
constexpr uint32_t kUnit = 8;  // bytes
constexpr uint64_t kUnitsMask = (1ull << (64 - kCountBits)) - 1;

constexpr uint64_t head_count(uint64_t head) { return head & kCountMask; }
constexpr uint64_t head_units(uint64_t head) { return head >> kCountBits; }
// What a reserve adds to the head for a record of `length` bytes, a multiple of 8.
constexpr uint64_t head_increment(uint32_t length) {
  return (static_cast<uint64_t>(length / kUnit) << kCountBits) | 1;
}

// ---- record header ----------------------------------------------------------------------------
constexpr uint32_t kHeaderSize = 8;
constexpr uint32_t kTimeOffset = 8;
constexpr uint32_t kFlagsOffset = 3;  // byte of the header word that holds the flags
constexpr uint32_t kLengthShift = 32;
constexpr uint32_t kFormatShift = 48;

constexpr uint8_t kReserved = 1;
constexpr uint8_t kCommitted = 2;
constexpr uint8_t kTruncated = 4;  // with kCommitted: a text was cut to fit

constexpr uint64_t record_header(uint64_t count, uint8_t flags, uint32_t length, uint16_t format) {
  return (count & kCountMask) | (static_cast<uint64_t>(flags) << kCountBits) |
         (static_cast<uint64_t>(length / kUnit) << kLengthShift) |
         (static_cast<uint64_t>(format) << kFormatShift);
}

}  // namespace stapd
